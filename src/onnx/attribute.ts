import type { AttributeProto } from './model-proto.js';

/** The kinds of attribute by their number in an ONNX file. */
export const attributeType = {
  FLOAT: 1,
  INT: 2,
  STRING: 3,
  TENSOR: 4,
  GRAPH: 5,
  FLOATS: 6,
  INTS: 7,
  STRINGS: 8,
  TENSORS: 9,
  GRAPHS: 10,
  SPARSE_TENSOR: 11,
  SPARSE_TENSORS: 12,
  TYPE_PROTO: 13,
  TYPE_PROTOS: 14,
} as const;

/** An attribute that holds a 32-bit float. */
export function floatAttribute(name: string, f: number): AttributeProto {
  return { name, f, type: attributeType.FLOAT };
}

/** An attribute that holds an integer. */
export function intAttribute(name: string, i: number): AttributeProto {
  return { name, i, type: attributeType.INT };
}

/** An attribute that holds a list of integers. */
export function intsAttribute(name: string, ints: readonly number[]): AttributeProto {
  return { name, ints, type: attributeType.INTS };
}

/** An attribute that holds a text. */
export function stringAttribute(name: string, text: string): AttributeProto {
  return { name, s: Buffer.from(text, 'utf8'), type: attributeType.STRING };
}
