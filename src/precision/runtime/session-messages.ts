import type { OrtTensor, OrtTensors } from '../../onnx/runtime/ort-package.js';

/** Tensors travel as ONNX Runtime takes and gives them. */
export type SentTensor = OrtTensor;
export type SentTensors = OrtTensors;

/** An input or output of a session. */
export interface SessionValue {
  readonly name: string;
  /** Absent when it is no tensor. */
  readonly type?: string;
  /** `undefined` for a dimension that varies. */
  readonly dims: readonly (number | undefined)[];
}

/** What the process is started with. */
export interface SessionStart {
  /** Where `onnxruntime-node` was found. */
  readonly packagePath: string;
  readonly modelPath: string;
  readonly threads: number;
  readonly level: 'disabled' | 'basic' | 'extended' | 'all';
  /** Where ONNX Runtime writes the model as it optimised it. */
  readonly optimizedPath?: string;
  /** Whether it writes the weights into another file beside that. */
  readonly areWeightsApart?: boolean;
}

/** What the process is asked; it answers in order. */
export type SessionCall =
  | { readonly kind: 'start'; readonly start: SessionStart }
  /** Keeps the tensors for `run` and `time`. */
  | { readonly kind: 'feed'; readonly feeds: SentTensors }
  | { readonly kind: 'run' }
  /** Runs so often in a row; nothing but the clock beside it. */
  | { readonly kind: 'time'; readonly count: number }
  /** Runs once and tells of the outputs only how they are spread. */
  | { readonly kind: 'observe'; readonly spans: Readonly<Record<string, Span>> | undefined }
  | { readonly kind: 'memory' };

/** From where to where numbers lie. */
export interface Span {
  readonly low: number;
  readonly high: number;
}

/** How the finite numbers of an output are spread: their span, and without it their counts in equal parts of a span. */
export type Spread = Span & { readonly counts?: Float64Array };

export interface SessionAnswers {
  readonly start: {
    readonly inputs: readonly SessionValue[];
    readonly outputs: readonly SessionValue[];
    /** How long the model took to load. */
    readonly loadMs: number;
  };
  readonly feed: undefined;
  readonly run: SentTensors;
  /** Milliseconds of each run. */
  readonly time: readonly number[];
  /** The most memory that the process has had, in bytes. */
  readonly memory: number;
  readonly observe: Readonly<Record<string, Spread>>;
}

export type SessionReply =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly message: string };
