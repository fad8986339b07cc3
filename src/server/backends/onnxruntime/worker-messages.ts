import type { GatheredBatch } from '../../batching/gather-inputs.js';
import type { BatchOutput } from '../../batching/scatter-outputs.js';
import type { ModelGraph } from '../backend.js';
import type { SessionOptions } from './session-options.js';

/** What a worker is started with (`workerData`). */
export interface WorkerStart {
  /** Where `onnxruntime-node` was found. */
  readonly packagePath: string;
  readonly modelPath: string;
  /** Inputs that requests may leave out. */
  readonly optionalInputs: readonly string[];
  readonly options: SessionOptions;
}

/** Names and types of the tensors of later batches, in the order in which those carry them. */
export interface BindMessage {
  readonly kind: 'bind';
  readonly inputs: readonly { readonly name: string; readonly ortType: string }[];
  readonly outputs: readonly string[];
}

export interface RunMessage extends GatheredBatch {
  readonly kind: 'run';
  /** Given back with the answer: a batch that cannot be fed fails before those in front of it have run. */
  readonly id: number;
}

export type ToWorker = BindMessage | RunMessage;

/** The session is there; sent once. */
interface StartedMessage {
  readonly kind: 'started';
  readonly graph: ModelGraph;
}

/** One line, without the stack. Sent instead of `started` or `done`. */
interface FailedMessage {
  readonly kind: 'failed';
  readonly message: string;
  /** Those of the batch, given back. */
  readonly id?: number;
  readonly buffer?: ArrayBuffer;
}

interface DoneMessage {
  readonly kind: 'done';
  readonly id: number;
  /** Monotonic nanoseconds, same origin in every thread. */
  readonly computeStart: number;
  readonly computeEnd: number;
  readonly outputs: readonly BatchOutput[];
  /** That of the batch, given back. */
  readonly buffer: ArrayBuffer;
}

export type FromWorker = StartedMessage | FailedMessage | DoneMessage;
