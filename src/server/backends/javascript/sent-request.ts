import { cancellation, type RefusalError } from '../../refusal.js';
import type { ExecutableRequest, PartialResponse } from '../backend.js';

/** A request to a decoupled model, from its batch to its last response. */
export class SentRequest {
  /** Resolves with the last response, to its refusal if it is one; rejects when there will be none. */
  readonly ended: Promise<RefusalError | undefined>;
  readonly #request: ExecutableRequest;
  readonly #onAbort: () => void;
  #resolve: (refusal: RefusalError | undefined) => void = () => undefined;
  #reject: (refusal: RefusalError) => void = () => undefined;

  /** @param onGone called when the client gives up; then nothing more is taken */
  constructor(request: ExecutableRequest, onGone: () => void) {
    this.#request = request;
    this.ended = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.ended.catch(() => undefined); // Whoever waits for it sees the failure.
    this.#onAbort = () => {
      onGone();
      this.fail(cancellation());
    };
    request.signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (request.signal?.aborted) this.#onAbort();
  }

  /** Resolves when there is room for more. */
  async take(response: PartialResponse): Promise<void> {
    const taken = this.#request.respond?.(response);
    if (response.isFinal) this.#stopWatching();
    await taken;
    if (response.isFinal) this.#resolve(response.kind === 'error' ? response.refusal : undefined);
  }

  fail(refusal: RefusalError): void {
    this.#stopWatching();
    this.#reject(refusal);
  }

  /** Its next run has another one of these. */
  release(): void {
    this.#stopWatching();
  }

  #stopWatching(): void {
    this.#request.signal?.removeEventListener('abort', this.#onAbort);
  }
}
