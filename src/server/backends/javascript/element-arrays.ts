import { type Datatype, datatypeFacts } from '../../../protocol/datatype.js';

type FixedDatatype = Exclude<Datatype, 'BYTES'>;

/** The typed array that holds the elements of each type; a 16-bit float is held as its bits. */
const arrays = {
  BOOL: Uint8Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  FP16: Uint16Array,
  BF16: Uint16Array,
  FP32: Float32Array,
  FP64: Float64Array,
} as const satisfies Record<FixedDatatype, unknown>;

export type ElementArray = InstanceType<(typeof arrays)[FixedDatatype]>;

/** For messages: `Float32Array`. */
export const arrayNameOf = (datatype: FixedDatatype): string => arrays[datatype].name;

/** Whether the value is a typed array that holds such elements. */
export const isElementArray = (value: unknown, datatype: FixedDatatype): value is ElementArray =>
  value instanceof arrays[datatype];

/** The elements of raw data: a view where the data is aligned, else a copy. */
export function elementArray(raw: Uint8Array, datatype: FixedDatatype): ElementArray {
  const size = datatypeFacts[datatype].sizeBytes ?? 1;
  const { buffer, byteOffset } = raw.byteOffset % size === 0 ? raw : Uint8Array.from(raw);
  return new arrays[datatype](buffer as ArrayBuffer, byteOffset, raw.byteLength / size);
}
