import { PerfError } from '../../core/perf-error.js';
import type { CrashCount } from './crash-count.js';

/** Where an instance computes: a thread or a process of its own. */
export interface ComputeWorker<ToWorker, FromWorker> {
  /** What is sent to a worker that has ended is lost. */
  post(message: ToWorker, transfer?: ArrayBuffer[]): void;
  /** `onEnd` is called once, with how it ended, unless it was told to. */
  listen(onMessage: (message: FromWorker) => void, onEnd: (reason: string) => void): void;
  end(): Promise<void>;
}

export interface ReplacedWorkerOptions<ToWorker, FromWorker> {
  readonly start: () => Promise<ComputeWorker<ToWorker, FromWorker>>;
  readonly crashes: CrashCount;
  readonly onMessage: (message: FromWorker) => void;
  /** The worker is gone, with all that it was told; a new one may be on its way. */
  readonly onCrash: (reason: string) => void;
}

/** The worker of one instance: when it crashes, another one takes its place. */
export class ReplacedWorker<ToWorker, FromWorker> implements AsyncDisposable {
  readonly #options: ReplacedWorkerOptions<ToWorker, FromWorker>;
  #worker: ComputeWorker<ToWorker, FromWorker>;
  #recovery: Promise<void> | undefined;
  #isClosed = false;

  constructor(first: ComputeWorker<ToWorker, FromWorker>, options: ReplacedWorkerOptions<ToWorker, FromWorker>) {
    this.#options = options;
    this.#worker = first;
    this.#listen();
  }

  /** Pending from a crash until another worker is there; rejects when there will be none. */
  get recovery(): Promise<void> | undefined {
    return this.#recovery;
  }

  post(message: ToWorker, transfer: ArrayBuffer[] = []): void {
    this.#worker.post(message, transfer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await this.#worker.end();
  }

  #listen(): void {
    const { onMessage } = this.#options;
    this.#worker.listen(onMessage, (reason) => this.#replace(reason));
  }

  #replace(reason: string): void {
    if (this.#isClosed) return;
    const { start, crashes, onCrash } = this.#options;
    const verdict = crashes.record(reason);
    const next = verdict === undefined ? start() : Promise.reject(new PerfError('model', verdict));
    this.#recovery = next.then(async (worker) => {
      if (this.#isClosed) await worker.end();
      this.#worker = worker;
      this.#recovery = undefined;
      this.#listen();
    });
    this.#recovery.catch(() => undefined); // Whoever waits for it sees the failure.
    onCrash(reason);
  }
}
