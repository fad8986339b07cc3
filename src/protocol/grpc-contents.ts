import Long from 'long';
import { type ContentsField, type Datatype, datatypeFacts } from './datatype.js';
import { ProtocolError } from './protocol-error.js';
import { elementCount, packBytes, type Tensor, unpackBytes } from './tensor.js';

type Int64 = number | { toString(): string };

/** `InferTensorContents` as protobufjs gives it: lists that are empty when unset. */
export interface InferTensorContents {
  readonly bool_contents?: readonly boolean[];
  readonly int_contents?: readonly number[];
  readonly int64_contents?: readonly Int64[];
  readonly uint_contents?: readonly number[];
  readonly uint64_contents?: readonly Int64[];
  readonly fp32_contents?: readonly number[];
  readonly fp64_contents?: readonly number[];
  readonly bytes_contents?: readonly Uint8Array[];
}

type Element = boolean | Int64 | Uint8Array;

const fieldNames: readonly ContentsField[] = [
  'bool_contents',
  'int_contents',
  'int64_contents',
  'uint_contents',
  'uint64_contents',
  'fp32_contents',
  'fp64_contents',
  'bytes_contents',
];

/** @throws ProtocolError unless there is an element for each place of the tensor's shape */
export function checkElementCount(
  contents: InferTensorContents,
  { name, datatype, shape }: Omit<Tensor, 'data'>,
): void {
  const field = datatypeFacts[datatype].contents;
  const count = field === undefined ? 0 : (contents[field]?.length ?? 0);
  if (count === elementCount(shape)) return;
  throw new ProtocolError(
    `unexpected number of elements in ${field} of tensor '${name}': expected ${elementCount(shape)}, got ${count}`,
  );
}

/**
 * The raw form of typed contents, as many elements as there are. The field must be the one of the datatype; 8- and 16-bit
 * integers travel in the 32-bit fields and are narrowed.
 *
 * @throws ProtocolError when another field is filled, or a value is out of range
 */
export function rawFromContents(
  contents: InferTensorContents,
  tensor: Omit<Tensor, 'data'> & { readonly model?: string },
): Uint8Array {
  const { datatype } = tensor;
  const field = datatypeFacts[datatype].contents;
  const wrong = fieldNames.find((other) => other !== field && (contents[other]?.length ?? 0) > 0);
  if (field === undefined || wrong !== undefined) throw unexpectedContents(tensor, wrong);
  const elements: readonly Element[] = contents[field] ?? [];
  if (datatype === 'BYTES') return packBytes(elements as readonly Uint8Array[]);
  const step = datatypeFacts[datatype].sizeBytes ?? 1;
  const raw = new Uint8Array(step * elements.length);
  const view = new DataView(raw.buffer);
  const write = writers[datatype];
  for (const [index, element] of elements.entries()) {
    checkRange(element, tensor);
    write?.(view, index * step, element);
  }
  return raw;
}

/**
 * The typed form of a raw tensor.
 *
 * @throws ProtocolError for FP16 and BF16, which have no typed field
 */
export function contentsFromRaw(tensor: Tensor): InferTensorContents {
  const { name, datatype, shape, data } = tensor;
  const field = datatypeFacts[datatype].contents;
  if (field === undefined) throw unexpectedContents(tensor, undefined);
  if (datatype === 'BYTES') return { bytes_contents: unpackBytes(data, name) };
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const step = datatypeFacts[datatype].sizeBytes ?? 1;
  const read = readers[datatype];
  const elements = Array.from({ length: elementCount(shape) }, (_, index) => read?.(view, index * step));
  return { [field]: elements } as InferTensorContents;
}

function unexpectedContents(tensor: Omit<Tensor, 'data'> & { readonly model?: string }, got: string | undefined) {
  const model = tensor.model === undefined ? '' : ` for model '${tensor.model}'`;
  const found = got === undefined ? '' : ` of type '${got}'`;
  return new ProtocolError(
    `unexpected explicit tensor data for input tensor '${tensor.name}'${model}${found}, expected datatype '${tensor.datatype}'` +
      (datatypeFacts[tensor.datatype].contents === undefined ? ' only as raw_input_contents' : ''),
  );
}

function checkRange(element: Element, { name, datatype }: Omit<Tensor, 'data'>): void {
  const { range } = datatypeFacts[datatype];
  if (range === undefined || typeof element !== 'number') return; // Longs carry exactly the range of their type
  if (element < Number(range[0]) || element > Number(range[1])) {
    throw new ProtocolError(`value ${element} of tensor '${name}' is out of the range of ${datatype}`);
  }
}

const writers: Readonly<Partial<Record<Datatype, (view: DataView, offset: number, element: Element) => void>>> = {
  BOOL: (view, offset, element) => view.setUint8(offset, element ? 1 : 0),
  UINT8: (view, offset, element) => view.setUint8(offset, Number(element)),
  UINT16: (view, offset, element) => view.setUint16(offset, Number(element), true),
  UINT32: (view, offset, element) => view.setUint32(offset, Number(element), true),
  UINT64: (view, offset, element) => view.setBigUint64(offset, BigInt(String(element)), true),
  INT8: (view, offset, element) => view.setInt8(offset, Number(element)),
  INT16: (view, offset, element) => view.setInt16(offset, Number(element), true),
  INT32: (view, offset, element) => view.setInt32(offset, Number(element), true),
  INT64: (view, offset, element) => view.setBigInt64(offset, BigInt(String(element)), true),
  FP32: (view, offset, element) => view.setFloat32(offset, Number(element), true),
  FP64: (view, offset, element) => view.setFloat64(offset, Number(element), true),
};

const readers: Readonly<Partial<Record<Datatype, (view: DataView, offset: number) => Element>>> = {
  BOOL: (view, offset) => view.getUint8(offset) !== 0,
  UINT8: (view, offset) => view.getUint8(offset),
  UINT16: (view, offset) => view.getUint16(offset, true),
  UINT32: (view, offset) => view.getUint32(offset, true),
  UINT64: (view, offset) => toLong(view.getBigUint64(offset, true), true),
  INT8: (view, offset) => view.getInt8(offset),
  INT16: (view, offset) => view.getInt16(offset, true),
  INT32: (view, offset) => view.getInt32(offset, true),
  INT64: (view, offset) => toLong(view.getBigInt64(offset, true), false),
  FP32: (view, offset) => view.getFloat32(offset, true),
  FP64: (view, offset) => view.getFloat64(offset, true),
};

function toLong(value: bigint, unsigned: boolean): Long {
  return Long.fromString(value.toString(), unsigned);
}
