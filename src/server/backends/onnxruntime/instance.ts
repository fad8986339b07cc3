import { messageOf } from '../../../core/perf-error.js';
import { ns } from '../../../core/units.js';
import { scatterOutputs } from '../../batching/scatter-outputs.js';
import { RefusalError } from '../../refusal.js';
import type { Batch, Execution, ModelGraph, ModelInstance } from '../backend.js';
import type { CrashCount } from '../crash-count.js';
import { ReplacedWorker } from '../replaced-worker.js';
import type { BatchEnd, BatchRun } from './slot-sender.js';
import type { WorkerStart } from './worker-messages.js';
import { type OrtWorker, startWorkerThread } from './worker-thread.js';

export interface OrtInstanceOptions {
  readonly name: string;
  readonly modelName: string;
  readonly start: WorkerStart;
  readonly crashes: CrashCount;
}

/** A batch that the worker has and how to report on it. */
interface Running {
  readonly batch: Batch;
  /** Whether it was handed over before its turn. */
  readonly isAhead: boolean;
  resolve(execution: Execution): void;
  reject(refusal: RefusalError): void;
}

/**
 * Starts a worker thread with a session of its own.
 * Rejects with a `PerfError` that names the file when ONNX Runtime cannot load it.
 */
export async function startOrtInstance(options: OrtInstanceOptions): Promise<ModelInstance> {
  return new OrtInstance(options, await startWorkerThread(options.start));
}

class OrtInstance implements ModelInstance {
  readonly name: string;
  readonly graph: ModelGraph;
  readonly #options: OrtInstanceOptions;
  readonly takesAhead = true;
  readonly #worker: ReplacedWorker<BatchRun, BatchEnd>;
  /** By number, in order: the first one runs. */
  readonly #running = new Map<number, Running>();
  #lastId = 0;
  #lastComputeEnd = ns(0);

  constructor(options: OrtInstanceOptions, first: OrtWorker) {
    this.name = options.name;
    this.graph = first.graph;
    this.#options = options;
    this.#worker = new ReplacedWorker(first, {
      start: () => startWorkerThread(options.start),
      crashes: options.crashes,
      onMessage: (end) => this.#settle(end),
      onCrash: (reason) => this.#fail(reason),
    });
  }

  get recovery(): Promise<void> | undefined {
    return this.#worker.recovery;
  }

  /** A thread that is being replaced takes the batch when it is there. */
  execute(batch: Batch): Promise<Execution> {
    return this.recovery === undefined ? this.#execute(batch) : this.recovery.then(() => this.#execute(batch));
  }

  #execute(batch: Batch): Promise<Execution> {
    return new Promise((resolve, reject) => {
      this.#send({ batch, isAhead: this.#running.size > 0, resolve, reject });
    });
  }

  #send(running: Running): void {
    this.#worker.post({ id: ++this.#lastId, batch: running.batch });
    this.#running.set(this.#lastId, running);
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#worker[Symbol.asyncDispose]();
  }

  #settle({ id, result }: BatchEnd): void {
    const running = this.#running.get(id);
    if (running === undefined) return;
    this.#running.delete(id);
    if (!result.ok) {
      running.reject(this.#failure(`onnxruntime execution failed: ${result.message}`));
      return;
    }
    const { computeStart, computeEnd } = result;
    const start = this.#lastComputeEnd;
    this.#lastComputeEnd = ns(computeEnd);
    try {
      const outputs = scatterOutputs(running.batch, result.outputs);
      this.#options.crashes.reset();
      const times = { computeStart: ns(computeStart), computeEnd: ns(computeEnd) };
      running.resolve({ ...(running.isAhead && { start }), ...times, outputs });
    } catch (thrown) {
      running.reject(thrown instanceof RefusalError ? thrown : this.#failure(messageOf(thrown)));
    }
  }

  /** The thread is gone: what it ran fails, and the batches that were to come wait for the next thread. */
  #fail(reason: string): void {
    const [running, ...ahead] = this.#running.values();
    this.#running.clear();
    const stopped = `instance '${this.name}' stopped`;
    this.recovery?.then(
      () => {
        for (const each of ahead) this.#send(each);
      },
      (thrown) => {
        for (const each of ahead) each.reject(this.#failure(`${stopped} (${reason}): ${messageOf(thrown)}`));
      },
    );
    running?.reject(this.#failure(`${stopped} while it ran the request (${reason})`));
  }

  #failure(message: string): RefusalError {
    return new RefusalError('internal', `model '${this.#options.modelName}': ${message}`);
  }
}
