import type { Nanoseconds } from '../../core/units.js';
import type { Datatype } from '../../protocol/datatype.js';
import type { InferRequest } from '../../protocol/infer.js';
import type { ModelConfig } from '../../protocol/model-config.js';
import type { Tensor } from '../../protocol/tensor.js';
import type { TensorPlan } from '../config/tensor-plan.js';
import type { RefusalError } from '../refusal.js';
import type { ResponseTimes } from '../statistics/response-statistics.js';
import type { CrashCount } from './crash-count.js';

/** An input or output as the model file declares it, batch dimension included; -1 = variable. */
export interface GraphTensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  /** What the model computes with when a request leaves it out; only of inputs that the configuration calls optional. */
  readonly initial?: InitialTensor;
}

export interface InitialTensor {
  /** Without -1. */
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** What the model file itself says about its inputs and outputs. */
export interface ModelGraph {
  readonly inputs: readonly GraphTensor[];
  readonly outputs: readonly GraphTensor[];
}

/** A validated request, ready to run. */
export interface ExecutableRequest {
  /** One tensor per planned input, in the plan's order. */
  readonly inputs: readonly Tensor[];
  /** Rows that the request takes of a batch; 1 for a model without batch dimension. */
  readonly batchSize: number;
  /** What the client sent; none for a request that the server made. */
  readonly origin?: Pick<InferRequest, 'id' | 'parameters'> | undefined;
  /** Aborts when the client gives up. */
  readonly signal?: AbortSignal | undefined;
  /** Takes the responses of a decoupled model, in their order. What it returns settles when there is room for more. */
  readonly respond?: ((response: PartialResponse) => void | Promise<void> | undefined) | undefined;
}

/** One response of a decoupled model. */
export type PartialResponse =
  /** By place in the plan; a response may leave out some. */
  | (Timed & {
      readonly kind: 'outputs';
      readonly outputs: readonly (Tensor | undefined)[];
      readonly isFinal: boolean;
    })
  | (Timed & { readonly kind: 'error'; readonly refusal: RefusalError; readonly isFinal: boolean })
  | (Timed & { readonly kind: 'end'; readonly isFinal: true });

interface Timed {
  readonly times?: ResponseTimes;
}

/** Requests that run together, all compatible with each other. */
export interface Batch {
  readonly plan: TensorPlan;
  readonly requests: readonly ExecutableRequest[];
}

/** What a batch gave, and when the framework computed it (monotonic, same origin as the server's clock). */
export interface Execution {
  /** When its turn came, if it was not when it was handed over. */
  readonly start?: Nanoseconds;
  readonly computeStart: Nanoseconds;
  readonly computeEnd: Nanoseconds;
  /** For each request in order, one tensor per planned output in the plan's order; none for one that failed. */
  readonly outputs: readonly (readonly Tensor[])[];
  /** Why single requests failed, by their place in the batch. */
  readonly failures?: ReadonlyMap<number, RefusalError>;
  /** Requests that are to run again, by their place in the batch; what they have of outputs are states. */
  readonly rescheduled?: ReadonlySet<number>;
  /**
   * Only of a decoupled model, which has no outputs here: resolves for each request when it has had its last response, with
   * the refusal if that was one, or rejects with `RefusalError`. The instance is free before that.
   */
  readonly ends?: readonly Promise<RefusalError | undefined>[];
}

/** One copy of a model that runs one batch at a time, in the order in which it gets them. */
export interface ModelInstance extends AsyncDisposable {
  readonly name: string;
  /** `undefined` when the model does not say. */
  readonly graph: ModelGraph | undefined;
  /** Pending while the instance restarts after a crash; rejects when it cannot. `undefined` when it is fit to run. */
  readonly recovery: Promise<void> | undefined;
  /** Whether `execute` may be called again before it settled. */
  readonly takesAhead?: boolean;
  /** Rejects with `RefusalError` when the batch as a whole failed. */
  execute(batch: Batch): Promise<Execution>;
}

/** What a backend needs to start one instance. */
export interface InstanceOptions {
  readonly name: string;
  /** Which of the version's instances it is, from 0 on. */
  readonly ordinal: number;
  readonly modelName: string;
  readonly version: string;
  /** The version's folder. */
  readonly directory: string;
  readonly modelPath: string;
  /** Normalised where the model file is not needed for it; inputs and outputs may still be missing. */
  readonly config: ModelConfig;
  /** Threads inside an operator when the configuration does not say. */
  readonly defaultThreads: number;
  /** Those of all instances of the version. */
  readonly crashes: CrashCount;
}

/** A framework that runs models. A new one is a folder beside this file. */
export interface Backend {
  readonly name: string;
  readonly platform: string;
  /** The file in a version folder that holds the model unless the configuration names another. */
  readonly defaultModelFilename: string;
  /** Instances of a group on a CPU that does not say how many. */
  readonly cpuInstances: number;
  /** @throws RefusalError when a well-formed request holds values that this backend cannot carry */
  checkRequest(request: ExecutableRequest): void;
  /** Threads that one instance computes with. @throws PerfError for a parameter that is out of range */
  threadsPerInstance(config: ModelConfig, defaultThreads: number): number;
  /** Names of known parameters that a configuration has and that change nothing here. */
  ignoredParameters?(config: ModelConfig): readonly string[];
  /** Rejects with `PerfError` naming the file when it cannot be loaded. */
  startInstance(options: InstanceOptions): Promise<ModelInstance>;
}
