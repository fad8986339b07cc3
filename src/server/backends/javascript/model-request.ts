import { monotonicNow } from '../../server-clock.js';
import { modelTensor } from './model-tensor.js';
import { checkIterative, partialResultOf, stateOutputsOf } from './run-batch.js';
import type { BindMessage, PartialResult, RawTensor, ResponseMessage, RunRequest } from './worker-messages.js';

/** A request as a model sees it. */
export interface ModelRequest {
  readonly id: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Rows; 1 for a model without batch dimension. */
  readonly batchSize: number;
  /** By name. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Aborts when the client gives up. */
  readonly signal: AbortSignal;
  /**
   * Sends a response of a decoupled model. Resolves when there is room for another one.
   *
   * @throws Error when the response is not as it should be, or the request has had its last one
   */
  send(response: unknown, options?: { readonly isFinal?: boolean }): Promise<void>;
  /** Ends a request to a decoupled model without another response. */
  end(): void;
  /**
   * Runs a request to a decoupled model once more (`iterative_sequence`), when `execute` is over.
   *
   * @param step has states for that among its `outputs`
   * @throws Error when the step is not as it should be, the request has had its last response, or one still waits for the
   *   client: a model that does not wait must not fill the server's memory step by step
   */
  reschedule(step?: unknown): void;
}

/** Of responses that the client has not taken: a model that does not wait must not fill the server's memory. */
const mostUnsentBytes = 64 * 1024 * 1024;

export interface OpenRequestOptions {
  readonly binding: BindMessage;
  readonly reply: (message: ResponseMessage) => void;
  /** Called when nothing more is to come. */
  readonly onEnd: () => void;
}

/** A request that the model has. Its model may keep it, and send responses, after `execute` is over. */
export class OpenRequest {
  readonly #request: RunRequest;
  readonly #options: OpenRequestOptions;
  readonly #gone = new AbortController();
  /** Of responses that are on their way. */
  readonly #onSent: { readonly bytes: number; readonly tell: () => void }[] = [];
  #unsentBytes = 0;
  /** When the model began with its next response: when it could, since it is to wait for the client's room. */
  #startOfNext: number = monotonicNow();
  #hasEnded = false;
  #isOver = false;
  /** What the request leaves for its next run. */
  #nextStep: readonly (RawTensor | undefined)[] | undefined;
  readonly forModel: ModelRequest;

  constructor(request: RunRequest, options: OpenRequestOptions) {
    this.#request = request;
    this.#options = options;
    const { id, parameters, batchSize } = request;
    this.forModel = {
      id,
      parameters: Object.fromEntries(parameters),
      batchSize,
      inputs: inputsOf(request, options.binding),
      signal: this.#gone.signal,
      send: (response, { isFinal = false } = {}) => this.#send(response, isFinal),
      end: () => this.#end(),
      reschedule: (step = {}) => this.#reschedule(step),
    };
  }

  /** `execute` is over: what the request leaves for its next run, if there is to be one. */
  closeStep(): readonly (RawTensor | undefined)[] | undefined {
    const nextStep = this.#hasEnded ? undefined : this.#nextStep;
    if (nextStep !== undefined) this.#finish();
    this.#isOver = true;
    return nextStep;
  }

  cancel(): void {
    this.#gone.abort();
    for (const { tell } of this.#onSent.splice(0)) tell();
    this.#finish();
  }

  sent(): void {
    const sent = this.#onSent.shift();
    this.#unsentBytes -= sent?.bytes ?? 0;
    sent?.tell();
    if (this.#onSent.length === 0) this.#startOfNext = monotonicNow();
  }

  /** Fails the request unless it has ended. */
  fail(message: string): void {
    if (this.#hasEnded) return;
    this.#finish();
    this.#reply({ ok: false, message }, true);
  }

  #send(response: unknown, isFinal: boolean): Promise<void> {
    const { binding } = this.#options;
    this.#check('send');
    if (this.#gone.signal.aborted) return Promise.resolve();
    const result = partialResultOf(response, this.#request, binding);
    const bytes = bytesOf(result);
    if (this.#onSent.length > 0 && this.#unsentBytes + bytes > mostUnsentBytes) {
      throw new Error('Cannot send: 64 MiB wait for the client; expected the model to await what send returns');
    }
    if (isFinal) this.#finish();
    this.#reply(result, isFinal);
    if (isFinal) return Promise.resolve();
    this.#unsentBytes += bytes;
    return new Promise((tell) => this.#onSent.push({ bytes, tell }));
  }

  #end(): void {
    this.#check('end');
    if (this.#gone.signal.aborted) return;
    this.#finish();
    this.#reply(undefined, true);
  }

  #reschedule(step: unknown): void {
    const { binding } = this.#options;
    this.#check('reschedule');
    if (this.#gone.signal.aborted) return;
    checkIterative(binding);
    if (this.#isOver) throw new Error('Cannot reschedule: execute is over');
    if (this.#onSent.length > 0) {
      throw new Error(
        'Cannot reschedule: a response waits for the client; expected the model to await what send returns',
      );
    }
    this.#nextStep = stateOutputsOf(step, this.#request, binding);
  }

  #reply(result: PartialResult | undefined, isFinal: boolean): void {
    const start = this.#startOfNext;
    const sentAt = monotonicNow();
    this.#startOfNext = sentAt;
    this.#options.reply({ kind: 'response', key: this.#request.key, isFinal, start, sentAt, result });
  }

  #check(what: string): void {
    if (!this.#options.binding.isDecoupled) {
      throw new Error(`Cannot ${what}: expected model_transaction_policy { decoupled: true } in the configuration`);
    }
    if (this.#gone.signal.aborted) return;
    if (this.#hasEnded) throw new Error(`Cannot ${what}: the request has ended`);
    if (this.#nextStep !== undefined) throw new Error(`Cannot ${what}: the request is to run again`);
  }

  #finish(): void {
    this.#hasEnded = true;
    this.#options.onEnd();
  }
}

const bytesOf = (result: PartialResult): number =>
  result.ok ? result.outputs.reduce((sum, output) => sum + (output?.data.byteLength ?? 0), 0) : 0;

function inputsOf({ inputs }: RunRequest, { inputs: bound }: BindMessage): Record<string, unknown> {
  const byName: Record<string, unknown> = Object.create(null);
  bound.forEach((tensor, index) => {
    const input = inputs[index];
    if (input !== undefined) byName[tensor.name] = modelTensor(tensor, input);
  });
  return byName;
}
