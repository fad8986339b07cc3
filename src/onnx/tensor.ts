import type { TensorProto } from './model-proto.js';

/** The element types of a tensor by their number in an ONNX file. */
export const tensorDataType = {
  FLOAT: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  STRING: 8,
  BOOL: 9,
  FLOAT16: 10,
  DOUBLE: 11,
  UINT32: 12,
  UINT64: 13,
  COMPLEX64: 14,
  COMPLEX128: 15,
  BFLOAT16: 16,
  FLOAT8E4M3FN: 17,
  FLOAT8E4M3FNUZ: 18,
  FLOAT8E5M2: 19,
  FLOAT8E5M2FNUZ: 20,
  UINT4: 21,
  INT4: 22,
  FLOAT4E2M1: 23,
} as const;

/** A tensor that nodes can refer to. */
export type NamedTensor = TensorProto & { readonly name: string };

/** How many elements a tensor of this shape has; a scalar, of shape [], has one. */
export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/** A constant of 32-bit floats, row-major; the values are not copied. */
export function float32Tensor(name: string, dims: readonly number[], values: Float32Array): NamedTensor {
  return { name, dims, dataType: tensorDataType.FLOAT, rawData: bytesOf(values) };
}

/** A constant of 64-bit integers, row-major. Shapes, axes and indices are of this type. */
export function int64Tensor(name: string, dims: readonly number[], values: readonly number[]): NamedTensor {
  const wide = BigInt64Array.from(values, BigInt);
  return { name, dims, dataType: tensorDataType.INT64, rawData: bytesOf(wide) };
}

/** A constant of strings, row-major. */
export function stringTensor(name: string, dims: readonly number[], values: readonly string[]): NamedTensor {
  const stringData = values.map((value) => Buffer.from(value, 'utf8'));
  return { name, dims, dataType: tensorDataType.STRING, stringData };
}

/** The memory of a typed array; little-endian on every machine that Node with ONNX Runtime runs on. */
export function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
