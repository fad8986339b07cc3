// The messages of an ONNX file as readonly interfaces, named as in the specification, fields in camel case.
// They must agree with proto/onnx.proto.

/** What every message may carry besides its fields: encoded fields that `onnx.proto` does not list, kept as they came. */
interface Message {
  readonly $unknowns?: readonly Uint8Array[];
}

/** A 64-bit integer beyond the safe integers of JavaScript, as its two 32-bit halves. */
export interface WideInteger {
  readonly low: number;
  readonly high: number;
}

/** A 64-bit integer: a number wherever a number is exact. */
type Int64 = number | WideInteger;

/** A whole ONNX file. */
export interface ModelProto extends Message {
  readonly irVersion?: number;
  readonly producerName?: string;
  readonly producerVersion?: string;
  readonly domain?: string;
  readonly modelVersion?: number;
  readonly docString?: string;
  readonly graph: GraphProto;
  readonly opsetImport: readonly OperatorSetIdProto[];
  readonly metadataProps?: readonly StringStringEntryProto[];
  readonly functions?: readonly FunctionProto[];
}

/** Nodes in topological order, their constants, and what goes in and out. Also the body of `If`, `Loop` and `Scan`. */
export interface GraphProto extends Message {
  readonly node: readonly NodeProto[];
  readonly name?: string;
  readonly initializer: readonly TensorProto[];
  readonly docString?: string;
  readonly input: readonly ValueInfoProto[];
  readonly output: readonly ValueInfoProto[];
  readonly valueInfo?: readonly ValueInfoProto[];
  readonly quantizationAnnotation?: readonly TensorAnnotation[];
  readonly sparseInitializer?: readonly SparseTensorProto[];
  readonly metadataProps?: readonly StringStringEntryProto[];
}

/** One operator. Values are referred to by name; an empty input name means an optional input left out. */
export interface NodeProto extends Message {
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly name?: string;
  readonly opType: string;
  readonly attribute?: readonly AttributeProto[];
  readonly docString?: string;
  /** Absent or empty: the standard operators of ai.onnx. */
  readonly domain?: string;
  readonly overload?: string;
  readonly metadataProps?: readonly StringStringEntryProto[];
}

/** A constant parameter of an operator; `type` (see `attributeType`) says which field holds it. */
export interface AttributeProto extends Message {
  readonly name: string;
  readonly f?: number;
  readonly i?: Int64;
  /** UTF-8 text or bytes. */
  readonly s?: Uint8Array;
  readonly t?: TensorProto;
  readonly g?: GraphProto;
  readonly floats?: readonly number[];
  readonly ints?: readonly Int64[];
  readonly strings?: readonly Uint8Array[];
  readonly tensors?: readonly TensorProto[];
  readonly graphs?: readonly GraphProto[];
  readonly docString?: string;
  readonly tp?: TypeProto;
  readonly typeProtos?: readonly TypeProto[];
  readonly type?: number;
  /** In the body of a function: the attribute of the function whose value this takes. */
  readonly refAttrName?: string;
  readonly sparseTensor?: SparseTensorProto;
  readonly sparseTensors?: readonly SparseTensorProto[];
}

/** A constant tensor. Its elements are in `rawData` (little-endian, row-major), a typed list, or another file. */
export interface TensorProto extends Message {
  readonly dims: readonly number[];
  /** See `tensorDataType`. */
  readonly dataType: number;
  readonly segment?: { readonly begin?: number; readonly end?: number };
  readonly floatData?: readonly number[];
  /** Also holds the shorter integers, booleans and the bits of 16-bit floats. */
  readonly int32Data?: readonly number[];
  readonly stringData?: readonly Uint8Array[];
  readonly int64Data?: readonly Int64[];
  readonly name?: string;
  readonly rawData?: Uint8Array;
  readonly doubleData?: readonly number[];
  readonly uint64Data?: readonly Int64[];
  readonly docString?: string;
  /** Keys `location`, `offset`, `length`, `checksum`; valid when `dataLocation` is 1. */
  readonly externalData?: readonly StringStringEntryProto[];
  readonly dataLocation?: number;
  readonly metadataProps?: readonly StringStringEntryProto[];
}

/** A sparse constant in coordinate form. */
interface SparseTensorProto extends Message {
  readonly values?: TensorProto;
  readonly indices?: TensorProto;
  readonly dims?: readonly number[];
}

/** The name and type of a graph input, output or intermediate value. */
export interface ValueInfoProto extends Message {
  readonly name: string;
  readonly type?: TypeProto;
  readonly docString?: string;
  readonly metadataProps?: readonly StringStringEntryProto[];
}

/** The type of a value; exactly one of the `...Type` fields is present. */
interface TypeProto extends Message {
  readonly tensorType?: TensorTypeProto;
  readonly sequenceType?: Message & { readonly elemType?: TypeProto };
  readonly mapType?: Message & { readonly keyType?: number; readonly valueType?: TypeProto };
  readonly sparseTensorType?: TensorTypeProto;
  readonly optionalType?: Message & { readonly elemType?: TypeProto };
  readonly denotation?: string;
}

/** Element type (see `tensorDataType`) and shape of a tensor; no shape means that even the rank is unknown. */
interface TensorTypeProto extends Message {
  readonly elemType: number;
  readonly shape?: Message & { readonly dim: readonly DimensionProto[] };
}

/** One dimension: a number, a name (equal names are equal numbers), or neither when nothing is known. */
interface DimensionProto extends Message {
  readonly dimValue?: number;
  readonly dimParam?: string;
  readonly denotation?: string;
}

/** A set of operators and its version; an absent or empty domain means ai.onnx. */
interface OperatorSetIdProto extends Message {
  readonly domain?: string;
  readonly version: number;
}

/** A key and its value. */
interface StringStringEntryProto extends Message {
  readonly key?: string;
  readonly value?: string;
}

/** Names the tensors that hold the quantisation parameters of a tensor. */
interface TensorAnnotation extends Message {
  readonly tensorName?: string;
  readonly quantParameterTensorNames?: readonly StringStringEntryProto[];
}

/** An operator defined by nodes, local to the model. */
interface FunctionProto extends Message {
  readonly name: string;
  readonly input?: readonly string[];
  readonly output?: readonly string[];
  readonly attribute?: readonly string[];
  readonly node: readonly NodeProto[];
  readonly docString?: string;
  readonly opsetImport?: readonly OperatorSetIdProto[];
  readonly domain?: string;
  readonly attributeProto?: readonly AttributeProto[];
  readonly valueInfo?: readonly ValueInfoProto[];
  readonly overload?: string;
  readonly metadataProps?: readonly StringStringEntryProto[];
}
