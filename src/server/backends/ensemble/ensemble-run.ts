import { messageOf } from '../../../core/perf-error.js';
import type { Datatype } from '../../../protocol/datatype.js';
import { type InferInput, type InferOutput, type InferRequest, noParameters } from '../../../protocol/infer.js';
import { ProtocolError } from '../../../protocol/protocol-error.js';
import { isAbsent } from '../../config/absent-tensor.js';
import { RefusalError } from '../../refusal.js';
import type { ServedVersion } from '../../served-version.js';
import type { ExecutionTimes } from '../../statistics/version-statistics.js';
import type { ComposingModels } from './composing-models.js';
import { type PassedShape, passShape } from './dims.js';
import { type EnsemblePlan, type PlannedStep, stepsFor } from './ensemble-plan.js';

/** The value of an ensemble tensor in one request. */
export interface EnsembleTensor extends PassedShape {
  readonly datatype: Datatype;
  readonly data: Uint8Array;
  /** Whether `data` is a buffer of the client's request, which is valid only until the request is answered. */
  readonly isBorrowed: boolean;
}

/** Nanoseconds that the executions of all steps took together. */
export interface ComputeTime {
  input: number;
  infer: number;
  output: number;
}

/** Lets a step run when its turn has come. */
export type StepGate = <Result>(run: () => Promise<Result>) => Promise<Result>;

export interface RunOptions {
  readonly name: string;
  readonly plan: EnsemblePlan;
  readonly models: ComposingModels;
  /** What goes on to every step: id and parameters, such as priority and timeout. */
  readonly request: InferRequest;
  /** In the plan's order. */
  readonly inputs: readonly EnsembleTensor[];
  /** The tensors that the request asks for, by index. */
  readonly wanted: readonly number[];
  readonly signal: AbortSignal | undefined;
  readonly gateOf: (step: number) => StepGate;
}

export interface EnsembleResult {
  /** One for each wanted tensor. */
  readonly tensors: readonly EnsembleTensor[];
  readonly compute: Readonly<ComputeTime>;
}

/**
 * Runs one request through an ensemble: each step as soon as its inputs are there, so branches run side by side. What a
 * step gives is handed on as it is, without a copy. The models are held from the first step to the last, so that none
 * is unloaded in between.
 *
 * Rejects with `RefusalError` when a step fails: no further step begins then, and those under way are waited for, since
 * they read the request's buffers.
 */
export async function runEnsemble(options: RunOptions): Promise<EnsembleResult> {
  const { plan, models, wanted } = options;
  const held = new Map<PlannedStep, ServedVersion>();
  const leases: (() => void)[] = [];
  try {
    for (const step of plan.steps) {
      const served = models.find(step.modelName, step.modelVersion);
      leases.push(served.lease());
      held.set(step, served);
    }
    const run = new EnsembleRun(options, held);
    await run.finished();
    return { tensors: wanted.map((tensor) => run.valueOf(tensor)), compute: run.compute };
  } catch (thrown) {
    throw failureOf(options.name, thrown);
  } finally {
    for (const giveBack of leases) giveBack();
  }
}

function failureOf(ensemble: string, thrown: unknown): RefusalError {
  const isOurs = thrown instanceof RefusalError || thrown instanceof ProtocolError;
  const reason = isOurs ? thrown.reason : 'internal';
  return new RefusalError(reason, `in ensemble '${ensemble}', ${messageOf(thrown)}`, { cause: thrown });
}

class EnsembleRun {
  readonly compute: ComputeTime = { input: 0, infer: 0, output: 0 };
  readonly #options: RunOptions;
  readonly #held: ReadonlyMap<PlannedStep, ServedVersion>;
  readonly #values: (EnsembleTensor | undefined)[];
  /** For each step, how many of its tensors are not there yet. */
  readonly #missing: number[];
  readonly #needed: ReadonlySet<number>;

  constructor(options: RunOptions, held: ReadonlyMap<PlannedStep, ServedVersion>) {
    const { plan, wanted } = options;
    this.#options = options;
    this.#held = held;
    this.#values = new Array(plan.tensorCount);
    this.#missing = plan.steps.map((step) => step.waitsFor.length);
    this.#needed = stepsFor(wanted, plan);
  }

  /** Resolves when every step that is needed has run; rejects with the first failure when no step runs any more. */
  async finished(): Promise<void> {
    const { plan, inputs } = this.#options;
    const ready = plan.inputs.flatMap((tensor, index) => this.#set(tensor, inputs[index]));
    const failures: unknown[] = [];
    await this.#runAll(ready, failures);
    if (failures.length > 0) throw failures[0];
  }

  /** Runs steps side by side, each with all that it makes possible. After a failure no step begins. */
  async #runAll(steps: readonly number[], failures: unknown[]): Promise<void> {
    await Promise.all(
      steps.map(async (step) => {
        try {
          const ready = await this.#runStep(step);
          if (failures.length === 0) await this.#runAll(ready, failures);
        } catch (thrown) {
          failures.push(thrown);
        }
      }),
    );
  }

  /** @throws RefusalError (`invalid-argument`) when no step gave the tensor */
  valueOf(tensor: number): EnsembleTensor {
    const value = this.#values[tensor];
    if (value !== undefined) return value;
    throw new RefusalError(
      'invalid-argument',
      'unexpected deadlock, at least one output is not set while no more ensemble steps can be made',
    );
  }

  /** Takes a tensor and returns the steps that were waiting for nothing else. */
  #set(tensor: number, value: EnsembleTensor | undefined): number[] {
    this.#values[tensor] = value;
    const ready: number[] = [];
    for (const step of this.#options.plan.readers[tensor] ?? []) {
      const missing = (this.#missing[step] ?? 0) - 1;
      this.#missing[step] = missing;
      if (missing === 0 && this.#needed.has(step)) ready.push(step);
    }
    return ready;
  }

  /** Resolves with the steps that can run next. */
  async #runStep(index: number): Promise<number[]> {
    const { plan, request, signal, gateOf } = this.#options;
    const step = plan.steps[index];
    const served = step && this.#held.get(step);
    if (step === undefined || served === undefined) return [];
    const stepRequest: InferRequest = {
      modelName: step.modelName,
      modelVersion: served.version,
      id: request.id,
      parameters: request.parameters,
      inputs: step.inputs.flatMap(({ name, tensor }) => {
        const value = this.valueOf(tensor);
        return isAbsent(value) ? [] : [this.#inputOf(served, name, value)];
      }),
      outputs: step.requestedOutputs,
    };
    const { outputs } = await gateOf(index)(() => served.infer(stepRequest, signal, this.#addCompute));
    const isBatching = served.config.max_batch_size > 0;
    const given = new Map(outputs.map((output) => [output.name, output]));
    return step.outputs.flatMap(({ name, tensor }) => this.#set(tensor, toTensor(given.get(name), isBatching)));
  }

  readonly #addCompute = (times: ExecutionTimes): void => {
    this.compute.input += times.computeStart - times.start;
    this.compute.infer += times.computeEnd - times.computeStart;
    this.compute.output += times.end - times.computeEnd;
  };

  #inputOf({ config }: ServedVersion, name: string, value: EnsembleTensor): InferInput {
    const dims = config.input.find((input) => input.name === name)?.dims ?? [];
    const shape = passShape(value, { dims, isBatching: config.max_batch_size > 0 });
    return { name, datatype: value.datatype, shape, data: value.data, parameters: noParameters };
  }
}

function toTensor(output: InferOutput | undefined, isBatching: boolean): EnsembleTensor | undefined {
  if (output === undefined) return undefined;
  const { datatype, shape, data } = output;
  return { datatype, shape, data, batchSize: isBatching ? (shape[0] ?? 0) : 0, isBorrowed: false };
}
