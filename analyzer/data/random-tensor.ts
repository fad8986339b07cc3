import type { Random } from '../../src/core/random.js';
import { type Datatype, datatypeFacts } from '../../src/protocol/datatype.js';
import { elementCount, packBytes, rawByteSize, type Tensor } from '../../src/protocol/tensor.js';

/** Random strings have this length, as in perf_analyzer. */
const stringLength = 128;
const alphabet = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .?!';

/** Random integers are below this: valid in every integer type, and as an index into most vocabularies. */
const integerLimit = 100;

/**
 * A tensor of random values that are valid for its type: floats in [0, 1), integers from 0 to 99, booleans, and strings
 * of 128 characters.
 */
export function randomTensor(tensor: Omit<Tensor, 'data'>, random: Random): Tensor {
  const count = elementCount(tensor.shape);
  if (tensor.datatype === 'BYTES') {
    return { ...tensor, data: packBytes(Array.from({ length: count }, () => randomString(random))) };
  }
  const data = new Uint8Array(rawByteSize(tensor.datatype, tensor.shape) ?? 0);
  const view = new DataView(data.buffer);
  const step = datatypeFacts[tensor.datatype].sizeBytes ?? 1;
  const write = writers[tensor.datatype];
  for (let index = 0; index < count; index++) write(view, index * step, random());
  return { ...tensor, data };
}

const randomString = (random: Random): string =>
  Array.from({ length: stringLength }, () => alphabet[Math.floor(random() * alphabet.length)]).join('');

const integer = (uniform: number): number => Math.floor(uniform * integerLimit);

/** FP16 bits of k / 1024 for a uniform number: exact for every k, so no rounding rule is needed. */
function halfBits(uniform: number): number {
  const k = Math.floor(uniform * 1024);
  if (k === 0) return 0;
  const exponent = 31 - Math.clz32(k); // k = 1.m * 2^exponent
  const mantissa = (k << (10 - exponent)) & 0x3ff;
  return ((exponent - 10 + 15) << 10) | mantissa;
}

const float32Bits = new DataView(new ArrayBuffer(4));
function bfloat16Bits(uniform: number): number {
  float32Bits.setFloat32(0, uniform);
  return float32Bits.getUint16(0);
}

type Write = (view: DataView, offset: number, uniform: number) => void;

const writers: Readonly<Record<Exclude<Datatype, 'BYTES'>, Write>> = {
  BOOL: (view, offset, uniform) => view.setUint8(offset, uniform < 0.5 ? 0 : 1),
  UINT8: (view, offset, uniform) => view.setUint8(offset, integer(uniform)),
  UINT16: (view, offset, uniform) => view.setUint16(offset, integer(uniform), true),
  UINT32: (view, offset, uniform) => view.setUint32(offset, integer(uniform), true),
  UINT64: (view, offset, uniform) => view.setBigUint64(offset, BigInt(integer(uniform)), true),
  INT8: (view, offset, uniform) => view.setInt8(offset, integer(uniform)),
  INT16: (view, offset, uniform) => view.setInt16(offset, integer(uniform), true),
  INT32: (view, offset, uniform) => view.setInt32(offset, integer(uniform), true),
  INT64: (view, offset, uniform) => view.setBigInt64(offset, BigInt(integer(uniform)), true),
  FP16: (view, offset, uniform) => view.setUint16(offset, halfBits(uniform), true),
  BF16: (view, offset, uniform) => view.setUint16(offset, bfloat16Bits(uniform), true),
  FP32: (view, offset, uniform) => view.setFloat32(offset, uniform, true),
  FP64: (view, offset, uniform) => view.setFloat64(offset, uniform, true),
};
