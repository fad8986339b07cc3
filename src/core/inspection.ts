/** An input or output of a model as its file declares it. */
export interface InspectedTensor {
  readonly name: string;
  /** Of the v2 protocol; as ONNX names it where the protocol has no such type. */
  readonly datatype: string;
  /** Batch dimension included; a name or -1 = variable. Absent: even the rank is open. */
  readonly shape: readonly (number | string)[] | undefined;
}

/** All nodes of one operator. */
export interface InspectedOperation {
  readonly operation: string;
  readonly nodes: number;
  /** Elements of the constants that these nodes are the first to use. */
  readonly parameters: number;
  /** Elements that they give in one run; absent when the model was not run. */
  readonly outputElements: number | undefined;
  /** Multiplications with an addition in one run (one is two FLOPs); absent when the model was not run. */
  readonly macs: number | undefined;
}

/** One run with shapes of its inputs, which tells the shapes of everything in between. */
export type InspectedRun =
  | {
      readonly kind: 'run';
      readonly shapes: Readonly<Record<string, readonly number[]>>;
      readonly macs: number;
      /** Operators that multiply and are not in `macs`, with the reason. */
      readonly uncounted: readonly string[];
    }
  /** Shapes are open. */
  | { readonly kind: 'needs-shapes'; readonly inputs: readonly string[] }
  | { readonly kind: 'failed'; readonly reason: string };

/** Whether several requests can be computed in one run. */
export type Batching =
  /** A run of `rows` gave what as many single runs gave. */
  | {
      readonly kind: 'proven';
      /** Whether the file has the dimension already, or a rewritten one would. */
      readonly isDynamic: boolean;
      readonly rows: number;
      /** Over all outputs; a share of the largest magnitude of the output. */
      readonly largestDifference: number;
      /** What the proof leaves open. */
      readonly remarks: readonly string[];
    }
  | { readonly kind: 'blocked'; readonly reasons: readonly string[] }
  | { readonly kind: 'not-checked'; readonly isDynamic: boolean; readonly reason: string };

/** What is known of an ONNX file. */
export interface Inspection {
  readonly file: string;
  readonly sizeBytes: number;
  readonly producer: string | undefined;
  readonly irVersion: number | undefined;
  /** Version by domain; `ai.onnx` are the standard operators. */
  readonly opsets: Readonly<Record<string, number>>;
  readonly inputs: readonly InspectedTensor[];
  readonly outputs: readonly InspectedTensor[];
  readonly parameters: number;
  readonly parameterBytes: number;
  /** Files beside the model that hold constants. */
  readonly externalFiles: readonly string[];
  /** Most multiplications first. */
  readonly operations: readonly InspectedOperation[];
  readonly run: InspectedRun;
  readonly batching: Batching;
  /** What a `config.pbtxt` for it may say; absent when the model has tensors that servers do not take. */
  readonly config: string | undefined;
}
