import { messageOf } from '../../../core/perf-error.js';
import { ns } from '../../../core/units.js';
import type { Tensor } from '../../../protocol/tensor.js';
import { absentTensor } from '../../config/absent-tensor.js';
import type { PlannedTensor, TensorPlan } from '../../config/tensor-plan.js';
import { RefusalError } from '../../refusal.js';
import { monotonicNow } from '../../server-clock.js';
import type { Batch, ExecutableRequest, Execution, ModelGraph, ModelInstance, PartialResponse } from '../backend.js';
import type { CrashCount } from '../crash-count.js';
import { ReplacedWorker } from '../replaced-worker.js';
import { clientOutput, modelInput } from './client-tensors.js';
import { SentRequest } from './sent-request.js';
import type { BoundTensor, FromWorker, RawTensor, ResponseMessage, RunRequest, ToWorker } from './worker-messages.js';
import { type JavascriptWorker, startWorkerProcess, type WorkerProcessOptions } from './worker-process.js';

export interface JavascriptInstanceOptions {
  readonly name: string;
  readonly modelName: string;
  readonly isDecoupled: boolean;
  readonly isIterative: boolean;
  readonly start: WorkerProcessOptions;
  readonly crashes: CrashCount;
}

/** A batch that the worker has and how to report on it. */
interface Running {
  readonly batch: Batch;
  /** Of a decoupled model, by place in the batch. */
  readonly sent: readonly { readonly key: number; readonly ended: SentRequest['ended'] }[] | undefined;
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
  /** Requests to a decoupled model that have not had their last response. */
  readonly #sent = new Map<number, SentRequest>();
  #lastKey = 0;
  #boundPlan: TensorPlan | undefined;
  #running: Running | undefined;

  constructor(options: JavascriptInstanceOptions, first: JavascriptWorker) {
    this.name = options.name;
    this.graph = first.graph;
    this.#options = options;
    this.#worker = new ReplacedWorker(first, {
      start: () => startWorkerProcess(options.start),
      crashes: options.crashes,
      onMessage: (message) => this.#take(message),
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
    const { plan, requests } = batch;
    if (plan !== this.#boundPlan) this.#bind(plan);
    const keyed = requests.map((request) => ({ key: ++this.#lastKey, request }));
    return new Promise((resolve, reject) => {
      this.#worker.post({ kind: 'run', requests: keyed.map(({ key, request }) => runRequest(key, request, plan)) });
      const sent = this.#options.isDecoupled
        ? keyed.map(({ key, request }) => ({ key, ended: this.#watch(key, request) }))
        : undefined;
      this.#running = { batch, sent, resolve, reject };
    });
  }

  /** Until its last response. */
  #watch(key: number, request: ExecutableRequest): SentRequest['ended'] {
    const sent = new SentRequest(request, () => {
      this.#sent.delete(key);
      this.#worker.post({ kind: 'cancel', key });
    });
    if (request.signal?.aborted !== true) this.#sent.set(key, sent);
    return sent.ended;
  }

  #bind(plan: TensorPlan): void {
    this.#worker.post({
      kind: 'bind',
      isBatching: plan.maxBatchSize > 0,
      isDecoupled: this.#options.isDecoupled,
      isIterative: this.#options.isIterative,
      inputs: plan.inputs.map(boundTensor),
      outputs: plan.outputs.map(boundTensor),
    });
    this.#boundPlan = plan;
  }

  #take(message: FromWorker): void {
    if (message.kind === 'response') void this.#respond(message);
    else if (message.kind !== 'crashed') this.#settle(message); // After a crash the process ends.
  }

  /** Never rejects. */
  async #respond(message: ResponseMessage): Promise<void> {
    const { key, isFinal } = message;
    const sent = this.#sent.get(key);
    if (sent === undefined) return;
    if (isFinal) this.#sent.delete(key);
    try {
      await sent.take(this.#responseOf(message));
      if (!isFinal) this.#worker.post({ kind: 'sent', key });
    } catch (thrown) {
      this.#sent.delete(key);
      sent.fail(this.#failure(messageOf(thrown)));
    }
  }

  #responseOf({ result, isFinal, start, sentAt }: ResponseMessage): PartialResponse {
    const times = { start: ns(start), sentAt: ns(sentAt) };
    if (result === undefined) return { kind: 'end', isFinal: true, times };
    if (!result.ok) return { kind: 'error', refusal: this.#failure(result.message), isFinal, times };
    const plan = this.#boundPlan;
    const outputs = result.outputs.map((output, place) =>
      output === undefined || plan === undefined ? undefined : clientOutput(output, plan.outputs[place], plan),
    );
    return { kind: 'outputs', outputs, isFinal, times };
  }

  #settle(message: Exclude<FromWorker, { kind: 'response' | 'crashed' }>): void {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    if (message.kind !== 'done') {
      running.reject(this.#failure(message.kind === 'failed' ? message.message : 'unexpected answer'));
      return;
    }
    this.#options.crashes.reset();
    const times = { computeStart: ns(message.computeStart), computeEnd: ns(message.computeEnd) };
    const { plan } = running.batch;
    try {
      if (running.sent !== undefined) {
        running.resolve({ ...times, ...this.#goneOn(running.sent, message.nextSteps ?? [], plan) });
        return;
      }
      const failures = new Map<number, RefusalError>();
      const rescheduled = new Set<number>();
      const outputs = message.results.map((result, index) => {
        if (result.ok) {
          if (result.isRescheduled) rescheduled.add(index);
          return result.outputs.map((output, place) => outputOf(output, plan.outputs[place], plan));
        }
        failures.set(index, this.#failure(result.message));
        return [];
      });
      running.resolve({ ...times, outputs, failures, rescheduled });
    } catch (thrown) {
      running.reject(this.#failure(messageOf(thrown)));
    }
  }

  /** Of a batch of a decoupled model: what becomes of its requests. One that is to run again has no end yet. */
  #goneOn(
    sent: NonNullable<Running['sent']>,
    nextSteps: readonly (readonly (RawTensor | undefined)[] | undefined)[],
    plan: TensorPlan,
  ): Pick<Execution, 'outputs' | 'ends' | 'rescheduled'> {
    const rescheduled = new Set<number>();
    const outputs = sent.map(({ key }, index) => {
      const step = nextSteps[index];
      const open = this.#sent.get(key); // None when its client has given it up.
      if (step === undefined || open === undefined) return [];
      this.#sent.delete(key);
      open.release();
      rescheduled.add(index);
      return step.map((output, place) => outputOf(output, plan.outputs[place], plan));
    });
    return { outputs, ends: sent.map(({ ended }) => ended), rescheduled };
  }

  /** The process is gone, and with it what it ran. */
  #fail(reason: string): void {
    this.#boundPlan = undefined;
    const running = this.#running;
    this.#running = undefined;
    const failure = this.#failure(`instance '${this.name}' stopped while it ran the request (${reason})`);
    for (const sent of this.#sent.values()) sent.fail(failure);
    this.#sent.clear();
    const at = monotonicNow();
    if (running?.sent === undefined) running?.reject(failure);
    else
      running.resolve({ computeStart: at, computeEnd: at, outputs: [], ends: running.sent.map(({ ended }) => ended) });
  }

  #failure(message: string): RefusalError {
    return new RefusalError('internal', `model '${this.#options.modelName}': ${message}`);
  }
}

/** An output that a request which runs again has left out stays absent. */
const outputOf = (output: RawTensor | undefined, planned: PlannedTensor | undefined, plan: TensorPlan): Tensor =>
  output === undefined && planned !== undefined
    ? { name: planned.name, datatype: planned.datatype, ...absentTensor }
    : clientOutput(output ?? absentTensor, planned, plan);

const boundTensor = ({ name, datatype, modelDims }: PlannedTensor): BoundTensor => ({
  name,
  datatype,
  dims: modelDims,
});

const runRequest = (key: number, { inputs, batchSize, origin }: ExecutableRequest, plan: TensorPlan): RunRequest => ({
  key,
  id: origin?.id ?? '',
  parameters: origin?.parameters ?? new Map(),
  batchSize,
  inputs: inputs.map((input, index) => modelInput(input, plan.inputs[index], plan)),
});
