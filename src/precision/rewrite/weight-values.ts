import type { TensorProto } from '../../onnx/model-proto.js';
import { bytesOf, elementCount, type NamedTensor, tensorDataType } from '../../onnx/tensor.js';

/** The elements of a constant of 32-bit floats, to be read only; `undefined` for another type, or when they lie in another file. */
export function floatsOf({ dataType, dims, rawData, floatData, dataLocation }: TensorProto): Float32Array | undefined {
  if (dataType !== tensorDataType.FLOAT || dataLocation === 1) return undefined;
  const count = elementCount(dims);
  const values = rawData !== undefined && rawData.length > 0 ? viewOf(rawData) : Float32Array.from(floatData ?? []);
  return values.length === count ? values : undefined;
}

/** Copied only where its place in memory is none for floats. */
function viewOf(raw: Uint8Array): Float32Array {
  const length = Math.floor(raw.length / 4);
  if (raw.byteOffset % 4 === 0) return new Float32Array(raw.buffer, raw.byteOffset, length);
  return new Float32Array(new Uint8Array(raw).buffer, 0, length);
}

/** The largest number of FP16. */
const largestFloat16 = 65_504;

/** Whether FP16 can hold every element: infinities and NaN stay what they are, larger numbers cannot. */
export function fitsFloat16(values: Float32Array): boolean {
  // From here on a number is rounded to infinity.
  return values.every((value) => Math.abs(value) < largestFloat16 + 16 || !Number.isFinite(value));
}

/** A constant in FP16, each element rounded to the nearest, ties to even. */
export const float16Tensor = (name: string, dims: readonly number[], values: Float32Array): NamedTensor => ({
  name,
  dims,
  dataType: tensorDataType.FLOAT16,
  rawData: bytesOf(toFloat16(values)),
});

/**
 * The bits of FP16 for each number, as `toFloat16Bits` of the protocol gives them, but on the bits of FP32: weights come
 * by the million.
 */
export function toFloat16(values: Float32Array): Uint16Array {
  const wide = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const short = new Uint16Array(wide.length);
  const scratch = new Float32Array(1);
  const scratchBits = new Uint32Array(scratch.buffer);
  const subnormal = (bits: number): number => {
    scratchBits[0] = bits;
    scratch[0] = (scratch[0] ?? 0) + 0.5; // The last place of 0.5 is that of the subnormal numbers of FP16.
    return (scratchBits[0] ?? 0) - 0x3f000000;
  };
  const magnitudeOf = (bits: number): number => {
    if (bits > 0x7f800000) return 0x7e00; // NaN
    if (bits >= 0x477ff000) return 0x7c00; // 65520 and more round to infinity.
    if (bits < 0x38800000) return subnormal(bits);
    const isOdd = (bits >>> 13) & 1;
    return (bits - 0x38000000 + 0xfff + isOdd) >>> 13;
  };
  for (let index = 0; index < wide.length; index++) {
    const bits = wide[index] ?? 0;
    short[index] = ((bits >>> 16) & 0x8000) | magnitudeOf(bits & 0x7fffffff);
  }
  return short;
}

/** A constant of bytes with a sign. */
export const int8Tensor = (name: string, dims: readonly number[], values: Int8Array): NamedTensor => ({
  name,
  dims,
  dataType: tensorDataType.INT8,
  rawData: bytesOf(values),
});
