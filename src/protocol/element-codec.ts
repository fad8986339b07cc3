import type { Datatype } from './datatype.js';
import { fromBfloat16Bits, fromFloat16Bits, toBfloat16Bits, toFloat16Bits } from './short-float.js';

/** The types whose elements all have the same size. */
export type FixedDatatype = Exclude<Datatype, 'BYTES'>;

/** One element: 64-bit integers are read as `bigint`, so that none loses digits; BOOL is read as `boolean`. */
export type Element = number | bigint | boolean;

interface ElementCodec {
  /** The value must be in the range of the type; floats are rounded to the nearest. */
  readonly write: (view: DataView, offset: number, value: Element) => void;
  readonly read: (view: DataView, offset: number) => Element;
}

/** How an element of each fixed-size type lies in a raw tensor: little-endian (v2 protocol, "Tensor Data"). */
export const elementCodecs: Readonly<Record<FixedDatatype, ElementCodec>> = {
  BOOL: {
    write: (view, offset, value) => view.setUint8(offset, value ? 1 : 0),
    read: (view, offset) => view.getUint8(offset) !== 0,
  },
  UINT8: {
    write: (view, offset, value) => view.setUint8(offset, Number(value)),
    read: (view, offset) => view.getUint8(offset),
  },
  UINT16: {
    write: (view, offset, value) => view.setUint16(offset, Number(value), true),
    read: (view, offset) => view.getUint16(offset, true),
  },
  UINT32: {
    write: (view, offset, value) => view.setUint32(offset, Number(value), true),
    read: (view, offset) => view.getUint32(offset, true),
  },
  UINT64: {
    write: (view, offset, value) => view.setBigUint64(offset, BigInt(value), true),
    read: (view, offset) => view.getBigUint64(offset, true),
  },
  INT8: {
    write: (view, offset, value) => view.setInt8(offset, Number(value)),
    read: (view, offset) => view.getInt8(offset),
  },
  INT16: {
    write: (view, offset, value) => view.setInt16(offset, Number(value), true),
    read: (view, offset) => view.getInt16(offset, true),
  },
  INT32: {
    write: (view, offset, value) => view.setInt32(offset, Number(value), true),
    read: (view, offset) => view.getInt32(offset, true),
  },
  INT64: {
    write: (view, offset, value) => view.setBigInt64(offset, BigInt(value), true),
    read: (view, offset) => view.getBigInt64(offset, true),
  },
  FP16: {
    write: (view, offset, value) => view.setUint16(offset, toFloat16Bits(Number(value)), true),
    read: (view, offset) => fromFloat16Bits(view.getUint16(offset, true)),
  },
  BF16: {
    write: (view, offset, value) => view.setUint16(offset, toBfloat16Bits(Number(value)), true),
    read: (view, offset) => fromBfloat16Bits(view.getUint16(offset, true)),
  },
  FP32: {
    write: (view, offset, value) => view.setFloat32(offset, Number(value), true),
    read: (view, offset) => view.getFloat32(offset, true),
  },
  FP64: {
    write: (view, offset, value) => view.setFloat64(offset, Number(value), true),
    read: (view, offset) => view.getFloat64(offset, true),
  },
};
