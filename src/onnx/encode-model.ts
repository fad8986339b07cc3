import type protobuf from 'protobufjs';
import type { ModelProto, TensorProto } from './model-proto.js';
import { onnxSchema } from './onnx-schema.js';

/** An initializer whose elements are computed when they are written, so that a model need never be in memory whole. */
export interface DeferredTensor {
  readonly name: string;
  readonly dims: readonly number[];
  /** See `tensorDataType`. */
  readonly dataType: number;
  readonly sizeBytes: number;
  /** Exactly `sizeBytes` bytes, little-endian and row-major; the same at every call. */
  readonly compute: () => Uint8Array;
}

/** A model some of whose initializers are still to be computed; they follow those of `model.graph`. */
export interface ModelDraft {
  readonly model: ModelProto;
  readonly deferred: readonly DeferredTensor[];
}

/** An ONNX file to be written piece by piece. */
export interface EncodedModel {
  readonly sizeBytes: number;
  /** The pieces in order; each may be dropped before the next is asked for. */
  readonly parts: () => Generator<Uint8Array, void>;
}

/**
 * The bytes of an ONNX file: fields in ascending order, as the protobuf libraries of C++ and Python write them, so
 * that the same model always gives the same bytes.
 */
export function encodeModel(model: ModelProto): Uint8Array {
  const { sizeBytes, parts } = encodeInParts({ model, deferred: [] });
  const bytes = new Uint8Array(sizeBytes);
  let offset = 0;
  for (const part of parts()) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/**
 * As `encodeModel`, but without ever holding the file: the bytes of tensors are passed on as they are, or computed
 * one tensor at a time.
 */
export function encodeInParts({ model, deferred }: ModelDraft): EncodedModel {
  const { graph, opsetImport, metadataProps, functions, $unknowns, ...modelHead } = model;
  const { node, name, initializer, ...graphTail } = graph;
  const graphParts = [
    constantPart(encode(onnxSchema.graph, { node, name })),
    ...initializer.flatMap((tensor) => field(5, tensorParts(tensor))),
    ...deferred.flatMap((tensor) => field(5, deferredParts(tensor))),
    constantPart(encode(onnxSchema.graph, graphTail)),
  ];
  const all = [
    constantPart(encode(onnxSchema.model, modelHead)),
    ...field(7, graphParts),
    constantPart(encode(onnxSchema.model, { opsetImport, metadataProps, functions, $unknowns })),
  ];
  return {
    sizeBytes: sumBytes(all),
    parts: function* () {
      for (const part of all) yield part.bytes();
    },
  };
}

interface Part {
  readonly sizeBytes: number;
  readonly bytes: () => Uint8Array;
}

function tensorParts(tensor: TensorProto): Part[] {
  const { rawData, doubleData, uint64Data, docString, externalData, dataLocation, metadataProps, $unknowns, ...head } =
    tensor;
  const tail = { doubleData, uint64Data, docString, externalData, dataLocation, metadataProps, $unknowns };
  return [
    constantPart(encode(onnxSchema.tensor, head)),
    ...(rawData === undefined ? [] : field(9, [constantPart(rawData)])),
    constantPart(encode(onnxSchema.tensor, tail)),
  ];
}

function deferredParts({ name, dims, dataType, sizeBytes, compute }: DeferredTensor): Part[] {
  const head = constantPart(encode(onnxSchema.tensor, { name, dims, dataType }));
  return [head, ...field(9, [{ sizeBytes, bytes: compute }])];
}

/** A length-delimited field around the parts of its content. */
function field(number: number, content: readonly Part[]): Part[] {
  return [constantPart(Uint8Array.of((number << 3) | 2, ...varint(sumBytes(content)))), ...content];
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}

function constantPart(bytes: Uint8Array): Part {
  return { sizeBytes: bytes.length, bytes: () => bytes };
}

function encode(type: protobuf.Type, fields: Record<string, unknown>): Uint8Array {
  return type.encode(fields).finish();
}

function sumBytes(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + part.sizeBytes, 0);
}
