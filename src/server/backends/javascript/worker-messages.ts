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
  readonly inputs: readonly BoundTensor[];
  readonly outputs: readonly BoundTensor[];
}

/** A tensor without its name; elements in raw form. */
export interface RawTensor {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

export interface RunRequest {
  readonly id: string;
  readonly parameters: ReadonlyMap<string, ParameterValue>;
  readonly batchSize: number;
  readonly inputs: readonly RawTensor[];
}

interface RunMessage {
  readonly kind: 'run';
  readonly requests: readonly RunRequest[];
}

interface FinalizeMessage {
  readonly kind: 'finalize';
}

export type ToWorker = StartMessage | BindMessage | RunMessage | FinalizeMessage;

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
  | { readonly ok: true; readonly outputs: readonly RawTensor[] }
  | { readonly ok: false; readonly message: string };

interface DoneMessage {
  readonly kind: 'done';
  /** Monotonic nanoseconds, same origin in every process of the machine. */
  readonly computeStart: number;
  readonly computeEnd: number;
  readonly results: readonly RunResult[];
}

/** The worker ends because of an error that nothing caught. */
interface CrashedMessage {
  readonly kind: 'crashed';
  readonly message: string;
}

export type FromWorker = StartedMessage | FailedMessage | DoneMessage | CrashedMessage;
