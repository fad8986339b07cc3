/**
 * The part of `onnxruntime-node` in use; the package is optional, so its types cannot be imported.
 */
export interface OrtPackage {
  readonly InferenceSession: { create(model: string | Uint8Array, options: object): Promise<OrtSession> };
  readonly Tensor: new (type: string, data: OrtData, dims: readonly number[]) => OrtTensor;
  readonly env: { logLevel: string };
}

/** The values that a tensor holds: 16-bit floats as their bits, texts as JavaScript strings. */
export type OrtData = ArrayBufferView | readonly string[];

export interface OrtTensor {
  /** ONNX Runtime's name, such as `float32`. */
  readonly type: string;
  readonly data: OrtData;
  readonly dims: readonly number[];
}

export type OrtTensors = Readonly<Record<string, OrtTensor>>;

/** A loaded model. It computes on the thread that calls it, whatever its promise suggests. */
export interface OrtSession {
  readonly inputMetadata: readonly OrtValueMetadata[];
  readonly outputMetadata: readonly OrtValueMetadata[];
  /** @param fetches the outputs that are wanted; all of them when left out */
  run(feeds: OrtTensors, fetches?: readonly string[]): Promise<OrtTensors>;
}

/** An input or output of a model. */
export interface OrtValueMetadata {
  readonly name: string;
  readonly isTensor: boolean;
  readonly type?: string;
  /** Symbolic dimensions are text. */
  readonly shape?: readonly (number | string)[];
}
