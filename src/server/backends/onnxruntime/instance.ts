import { Worker } from 'node:worker_threads';
import { messageOf, PerfError } from '../../../core/perf-error.js';
import { ns } from '../../../core/units.js';
import { gatherInputs } from '../../batching/gather-inputs.js';
import { scatterOutputs } from '../../batching/scatter-outputs.js';
import { SpareBuffers } from '../../batching/spare-buffers.js';
import type { TensorPlan } from '../../config/tensor-plan.js';
import { RefusalError } from '../../refusal.js';
import type { Batch, Execution, ModelGraph, ModelInstance } from '../backend.js';
import { ortTypeOf } from './element-types.js';
import type { BindMessage, FromWorker, RunMessage, WorkerStart } from './worker-messages.js';

export interface OrtInstanceOptions {
  readonly name: string;
  readonly modelName: string;
  readonly start: WorkerStart;
}

/** A batch that the worker has and how to report on it. */
interface Running {
  readonly batch: Batch;
  /** The worker had others in front of it. */
  readonly isAhead: boolean;
  resolve(execution: Execution): void;
  reject(refusal: RefusalError): void;
}

/**
 * Starts a worker thread with a session of its own.
 * Rejects with a `PerfError` that names the file when ONNX Runtime cannot load it.
 */
export async function startOrtInstance(options: OrtInstanceOptions): Promise<ModelInstance> {
  const { worker, graph } = await startWorker(options.start);
  return new OrtInstance(options, worker, graph);
}

function startWorker(start: WorkerStart): Promise<{ readonly worker: Worker; readonly graph: ModelGraph }> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: start });
    const stopListening = () => worker.off('message', onMessage).off('exit', onExit);
    const fail = (reason: string) => {
      stopListening(); // But not for errors: one that comes later must not count as unhandled.
      void worker.terminate();
      reject(new PerfError('model', `cannot load ${start.modelPath}: expected an ONNX model, got: ${reason}`));
    };
    const onMessage = (message: FromWorker) => {
      if (message.kind === 'started') {
        stopListening().off('error', onError);
        resolve({ worker, graph: message.graph });
      } else {
        fail(message.kind === 'failed' ? withoutPath(message.message, start.modelPath) : 'no answer');
      }
    };
    const onError = (error: Error) => fail(error.message);
    const onExit = (code: number) => fail(`its thread exited with code ${code}`);
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
  });
}

/** ONNX Runtime repeats the path in its message. */
const withoutPath = (message: string, path: string): string => message.replace(`Load model from ${path} failed:`, '');

class OrtInstance implements ModelInstance {
  readonly name: string;
  readonly graph: ModelGraph;
  recovery: Promise<void> | undefined;
  readonly #options: OrtInstanceOptions;
  readonly takesAhead = true;
  readonly #spare = new SpareBuffers();
  #worker: Worker;
  #boundPlan: TensorPlan | undefined;
  /** By the number of their message, in order: the first one runs. */
  readonly #running = new Map<number, Running>();
  #lastId = 0;
  #lastComputeEnd = ns(0);
  #isClosed = false;

  constructor(options: OrtInstanceOptions, worker: Worker, graph: ModelGraph) {
    this.name = options.name;
    this.graph = graph;
    this.#options = options;
    this.#worker = worker;
    this.#listen();
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
    const { plan } = running.batch;
    if (plan !== this.#boundPlan) this.#bind(plan);
    const { buffer, inputs } = gatherInputs(running.batch, (byteLength) => this.#spare.take(byteLength));
    const message: RunMessage = { kind: 'run', id: ++this.#lastId, buffer, inputs };
    this.#running.set(message.id, running);
    this.#worker.postMessage(message, [buffer]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await this.#worker.terminate();
  }

  #bind(plan: TensorPlan): void {
    const message: BindMessage = {
      kind: 'bind',
      inputs: plan.inputs.map(({ name, datatype }) => ({ name, ortType: ortTypeOf(datatype) })),
      outputs: plan.outputs.map(({ name }) => name),
    };
    this.#worker.postMessage(message);
    this.#boundPlan = plan;
  }

  #listen(): void {
    this.#worker.on('message', (message: FromWorker) => this.#settle(message));
    let cause: unknown;
    this.#worker.once('error', (error) => {
      cause = error;
    });
    this.#worker.once('exit', (code) => this.#recover(cause === undefined ? `exit code ${code}` : messageOf(cause)));
  }

  #settle(message: FromWorker): void {
    if (message.kind === 'started' || message.id === undefined) return;
    const running = this.#running.get(message.id);
    if (running === undefined) return;
    this.#running.delete(message.id);
    if (message.buffer !== undefined) this.#spare.giveBack(message.buffer);
    if (message.kind !== 'done') {
      running.reject(this.#failure(`onnxruntime execution failed: ${message.message}`));
      return;
    }
    const { computeStart, computeEnd } = message;
    const start = this.#lastComputeEnd;
    this.#lastComputeEnd = ns(computeEnd);
    try {
      const outputs = scatterOutputs(running.batch, message.outputs);
      const times = { computeStart: ns(computeStart), computeEnd: ns(computeEnd) };
      running.resolve({ ...(running.isAhead && { start }), ...times, outputs });
    } catch (thrown) {
      running.reject(thrown instanceof RefusalError ? thrown : this.#failure(messageOf(thrown)));
    }
  }

  /** The thread is gone: what it ran fails, and a new one takes its place and the batches that were to come. */
  #recover(reason: string): void {
    if (this.#isClosed) return;
    this.#boundPlan = undefined;
    const [running, ...ahead] = this.#running.values();
    this.#running.clear();
    this.recovery = startWorker(this.#options.start).then(async ({ worker }) => {
      if (this.#isClosed) await worker.terminate();
      this.#worker = worker;
      this.recovery = undefined;
      this.#listen();
      for (const each of ahead) this.#send(each);
    });
    const stopped = `instance '${this.name}' stopped while it ran the request (${reason})`;
    this.recovery.catch((thrown) => {
      // Whoever waits for it sees the failure, too.
      for (const each of ahead)
        each.reject(this.#failure(`instance '${this.name}' stopped (${reason}): ${messageOf(thrown)}`));
    });
    running?.reject(this.#failure(stopped));
  }

  #failure(message: string): RefusalError {
    return new RefusalError('internal', `model '${this.#options.modelName}': ${message}`);
  }
}
