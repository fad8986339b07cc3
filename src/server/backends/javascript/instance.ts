import { messageOf } from '../../../core/perf-error.js';
import { ns } from '../../../core/units.js';
import { rawByteSize, type Tensor } from '../../../protocol/tensor.js';
import { fillVariableDims } from '../../batching/fill-variable-dims.js';
import type { PlannedTensor, TensorPlan } from '../../config/tensor-plan.js';
import { RefusalError } from '../../refusal.js';
import type { Batch, ExecutableRequest, Execution, ModelGraph, ModelInstance } from '../backend.js';
import type { CrashCount } from '../crash-count.js';
import { ReplacedWorker } from '../replaced-worker.js';
import type { BoundTensor, FromWorker, RawTensor, RunRequest, ToWorker } from './worker-messages.js';
import { type JavascriptWorker, startWorkerProcess, type WorkerProcessOptions } from './worker-process.js';

export interface JavascriptInstanceOptions {
  readonly name: string;
  readonly modelName: string;
  readonly start: WorkerProcessOptions;
  readonly crashes: CrashCount;
}

/** A batch that the worker has and how to report on it. */
interface Running {
  readonly batch: Batch;
  resolve(execution: Execution): void;
  reject(refusal: RefusalError): void;
}

/** Starts a process with the model in it. Rejects with a `PerfError` that names the file when it cannot be loaded. */
export async function startJavascriptInstance(options: JavascriptInstanceOptions): Promise<ModelInstance> {
  return new JavascriptInstance(options, await startWorkerProcess(options.start));
}

class JavascriptInstance implements ModelInstance {
  readonly name: string;
  readonly graph: ModelGraph | undefined;
  readonly #options: JavascriptInstanceOptions;
  readonly #worker: ReplacedWorker<ToWorker, FromWorker>;
  #boundPlan: TensorPlan | undefined;
  #running: Running | undefined;

  constructor(options: JavascriptInstanceOptions, first: JavascriptWorker) {
    this.name = options.name;
    this.graph = first.graph;
    this.#options = options;
    this.#worker = new ReplacedWorker(first, {
      start: () => startWorkerProcess(options.start),
      crashes: options.crashes,
      onMessage: (message) => this.#settle(message),
      onCrash: (reason) => this.#fail(reason),
    });
  }

  get recovery(): Promise<void> | undefined {
    return this.#worker.recovery;
  }

  /** A process that is being replaced takes the batch when it is there. */
  execute(batch: Batch): Promise<Execution> {
    return this.recovery === undefined ? this.#execute(batch) : this.recovery.then(() => this.#execute(batch));
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#worker[Symbol.asyncDispose]();
  }

  #execute(batch: Batch): Promise<Execution> {
    if (batch.plan !== this.#boundPlan) this.#bind(batch.plan);
    return new Promise((resolve, reject) => {
      this.#running = { batch, resolve, reject };
      this.#worker.post({ kind: 'run', requests: batch.requests.map((request) => runRequest(request, batch.plan)) });
    });
  }

  #bind(plan: TensorPlan): void {
    this.#worker.post({
      kind: 'bind',
      isBatching: plan.maxBatchSize > 0,
      inputs: plan.inputs.map(boundTensor),
      outputs: plan.outputs.map(boundTensor),
    });
    this.#boundPlan = plan;
  }

  #settle(message: FromWorker): void {
    const running = this.#running;
    if (running === undefined || message.kind === 'crashed') return; // After a crash the process ends.
    this.#running = undefined;
    if (message.kind !== 'done') {
      const reason = message.kind === 'failed' ? message.message : 'unexpected answer';
      running.reject(this.#failure(`execute failed: ${reason}`));
      return;
    }
    try {
      const { plan } = running.batch;
      const failures = new Map<number, RefusalError>();
      const outputs = message.results.map((result, index) => {
        if (result.ok) return result.outputs.map((output, place) => clientTensor(output, plan.outputs[place], plan));
        failures.set(index, this.#failure(result.message));
        return [];
      });
      this.#options.crashes.reset();
      const { computeStart, computeEnd } = message;
      running.resolve({ computeStart: ns(computeStart), computeEnd: ns(computeEnd), outputs, failures });
    } catch (thrown) {
      running.reject(this.#failure(messageOf(thrown)));
    }
  }

  /** The process is gone, and with it what it ran. */
  #fail(reason: string): void {
    this.#boundPlan = undefined;
    const running = this.#running;
    this.#running = undefined;
    running?.reject(this.#failure(`instance '${this.name}' stopped while it ran the request (${reason})`));
  }

  #failure(message: string): RefusalError {
    return new RefusalError('internal', `model '${this.#options.modelName}': ${message}`);
  }
}

const boundTensor = ({ name, datatype, modelDims }: PlannedTensor): BoundTensor => ({
  name,
  datatype,
  dims: modelDims,
});

const runRequest = ({ inputs, batchSize, origin }: ExecutableRequest, plan: TensorPlan): RunRequest => ({
  id: origin?.id ?? '',
  parameters: origin?.parameters ?? new Map(),
  batchSize,
  inputs: inputs.map(({ shape, data }, index) => ({ shape: modelShape(shape, plan.inputs[index], plan), data })),
});

/** A shape as the model sees it. */
function modelShape(shape: readonly number[], planned: PlannedTensor | undefined, plan: TensorPlan): readonly number[] {
  if (planned === undefined) return shape;
  return reshaped(shape, { from: planned.dims, to: planned.modelDims, plan });
}

function reshaped(
  shape: readonly number[],
  { from, to, plan }: { readonly from: readonly number[]; readonly to: readonly number[]; readonly plan: TensorPlan },
): readonly number[] {
  if (from === to) return shape;
  const rows = plan.maxBatchSize > 0 ? shape.slice(0, 1) : [];
  return [...rows, ...fillVariableDims(to, from, shape.slice(rows.length))];
}

/** @throws Error when the worker's bytes are not those of the shape */
function clientTensor({ shape, data }: RawTensor, planned: PlannedTensor | undefined, plan: TensorPlan): Tensor {
  if (planned === undefined) throw new Error('more outputs than the model has');
  const { name, datatype, dims, modelDims } = planned;
  const size = rawByteSize(datatype, shape);
  if (size !== undefined && size !== data.byteLength) throw new Error(`output '${name}' has a wrong size`);
  return { name, datatype, shape: reshaped(shape, { from: modelDims, to: dims, plan }), data };
}
