import type { Datatype } from '../../../protocol/datatype.js';
import type { ParameterValue } from '../../../protocol/infer.js';
import type { ModelConfig } from '../../../protocol/model-config.js';
import type { ModelGraph } from '../backend.js';

/** What a model is told before its first batch (`initialize`). */
export interface ModelArguments {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly instanceName: string;
  /** The folder of the version. */
  readonly directory: string;
  /** As the configuration has them when the instance starts: what the server fills in later may be missing. */
  readonly config: ModelConfig;
  /** `parameters` of the configuration. */
  readonly parameters: Readonly<Record<string, string>>;
}

interface StartMessage {
  readonly kind: 'start';
  readonly modelPath: string;
  readonly arguments: ModelArguments;
}

export interface BoundTensor {
  readonly name: string;
  readonly datatype: Datatype;
  /** As the model sees it: no batch dimension, -1 = variable. */
  readonly dims: readonly number[];
}

/** Inputs and outputs of later batches, in the order in which those carry them. */
export interface BindMessage {
  readonly kind: 'bind';
  readonly isBatching: boolean;
  readonly isDecoupled: boolean;
  /** Requests may be run again (`iterative_sequence`). */
  readonly isIterative: boolean;
  readonly inputs: readonly BoundTensor[];
  readonly outputs: readonly BoundTensor[];
}

/** A tensor without its name; elements in raw form. */
export interface RawTensor {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

export interface RunRequest {
  /** Other messages name the request by it; unique in the life of a worker. */
  readonly key: number;
  readonly id: string;
  readonly parameters: ReadonlyMap<string, ParameterValue>;
  readonly batchSize: number;
  /** In the order of the binding; `undefined` for one that the request left out. */
  readonly inputs: readonly (RawTensor | undefined)[];
}

interface RunMessage {
  readonly kind: 'run';
  readonly requests: readonly RunRequest[];
}

/** The client gave up; nothing more of the request is looked at. */
interface CancelMessage {
  readonly kind: 'cancel';
  readonly key: number;
}

/** There is room for another response of a decoupled model; sent once for each. */
interface SentMessage {
  readonly kind: 'sent';
  readonly key: number;
}

interface FinalizeMessage {
  readonly kind: 'finalize';
}

export type ToWorker = StartMessage | BindMessage | RunMessage | CancelMessage | SentMessage | FinalizeMessage;

/** The model is there; sent once. */
interface StartedMessage {
  readonly kind: 'started';
  /** `undefined` when the module does not say. */
  readonly graph: ModelGraph | undefined;
}

/** One line, without the stack. Sent instead of `started` or `done`. */
interface FailedMessage {
  readonly kind: 'failed';
  readonly message: string;
}

/** What one request got. */
export type RunResult =
  /** One that is to run again may leave out outputs. */
  | { readonly ok: true; readonly outputs: readonly (RawTensor | undefined)[]; readonly isRescheduled: boolean }
  | { readonly ok: false; readonly message: string };

/** What one response of a decoupled model says; it may leave out outputs. */
export type PartialResult =
  | { readonly ok: true; readonly outputs: readonly (RawTensor | undefined)[] }
  | { readonly ok: false; readonly message: string };

/** A response of a decoupled model, before or after `done` of its batch. */
export interface ResponseMessage {
  readonly kind: 'response';
  readonly key: number;
  readonly isFinal: boolean;
  /** When the model began with it, and when it sent it: monotonic nanoseconds, same origin in every process of the machine. */
  readonly start: number;
  readonly sentAt: number;
  /** `undefined`: the request ends without another response. */
  readonly result: PartialResult | undefined;
}

/** `execute` is over. */
interface DoneMessage {
  readonly kind: 'done';
  /** Monotonic nanoseconds, same origin in every process of the machine. */
  readonly computeStart: number;
  readonly computeEnd: number;
  /** None of a decoupled model. */
  readonly results: readonly RunResult[];
  /**
   * Of a decoupled model: for each request that is to run again what it leaves for that, in the order of the binding;
   * `undefined` for the others.
   */
  readonly nextSteps?: readonly (readonly (RawTensor | undefined)[] | undefined)[];
}

/** The worker ends because of an error that nothing caught. */
interface CrashedMessage {
  readonly kind: 'crashed';
  readonly message: string;
}

export type FromWorker = StartedMessage | FailedMessage | ResponseMessage | DoneMessage | CrashedMessage;
