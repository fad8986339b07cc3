import type { PlacedTensor } from '../../batching/gather-inputs.js';
import type { BatchOutput } from '../../batching/scatter-outputs.js';
import type { ModelGraph } from '../backend.js';
import type { ComputeTimes } from './batch-slots.js';
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

/** The memory of a thread's `BatchSlots`. */
export interface ThreadStart extends WorkerStart {
  readonly slots: SharedArrayBuffer;
}

/** Names and types of the tensors of a batch and of later ones, in the order in which those carry them. */
export interface Binding {
  readonly inputs: readonly { readonly name: string; readonly ortType: string }[];
  readonly outputs: readonly string[];
}

/** A batch whose slot is `askedElsewhere`. Messages of this kind come in the order of their slots. */
export interface RunMessage {
  readonly kind: 'run';
  /** When it differs from that of the batches before. */
  readonly binding: Binding | undefined;
  readonly buffer: ArrayBuffer;
  readonly inputs: readonly PlacedTensor[];
}

/** There is something in the slots for a side that had nothing to do. */
interface WakeMessage {
  readonly kind: 'wake';
}

export const wakeMessage: WakeMessage = { kind: 'wake' };

export type ToWorker = RunMessage | WakeMessage;

/** The session is there; sent once. */
interface StartedMessage {
  readonly kind: 'started';
  readonly graph: ModelGraph;
}

/** The session cannot be had. One line, without the stack. Sent instead of `started`. */
interface RefusedMessage {
  readonly kind: 'refused';
  readonly message: string;
}

/** The answer of a slot that is `answeredElsewhere`. */
export interface AnswerMessage {
  readonly kind: 'answer';
  readonly slot: number;
  readonly result: BatchResult;
  /** That of the batch's message, given back. */
  readonly buffer: ArrayBuffer | undefined;
}

/** What became of a batch. */
export type BatchResult =
  | ({ readonly ok: true; readonly outputs: readonly BatchOutput[] } & ComputeTimes)
  /** One line, without the stack. */
  | { readonly ok: false; readonly message: string };

export type FromWorker = StartedMessage | RefusedMessage | AnswerMessage | WakeMessage;
