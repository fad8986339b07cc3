import type { Random } from '../../core/random.js';
import type { OrtTensor } from '../../onnx/runtime/ort-package.js';
import { type Datatype, datatypeFacts } from '../../protocol/datatype.js';
import { toFloat16Bits } from '../../protocol/short-float.js';
import { elementCount } from '../../protocol/tensor.js';
import { ortTypeOf, toOrtData } from '../../server/backends/onnxruntime/element-types.js';

/** An input with dimensions that are all known. */
export interface SampleInput {
  readonly name: string;
  readonly datatype: Datatype;
  readonly dims: readonly number[];
}

/** A single input is not larger than that: what is asked for would rather be a mistake, and the computer would stall. */
const largestInputBytes = 2 ** 30;

/** Values for every input: floats in [0, 1); integers of 0 and 1, which are right for indices and masks alike. @throws Error for one that is too large */
export function sampleInputs(inputs: readonly SampleInput[], random: Random): Record<string, OrtTensor> {
  return Object.fromEntries(inputs.map((input) => [input.name, sampleTensor(input, random)]));
}

function sampleTensor({ name, datatype, dims }: SampleInput, random: Random): OrtTensor {
  const type = ortTypeOf(datatype);
  const count = elementCount(dims);
  const sizeBytes = count * (datatypeFacts[datatype].sizeBytes ?? 1);
  if (sizeBytes > largestInputBytes) {
    throw new Error(`input '${name}' of [${dims}] takes ${sizeBytes} bytes, more than ${largestInputBytes}`);
  }
  if (datatype === 'BYTES') {
    return { type, dims, data: Array.from({ length: count }, () => String(Math.floor(2 * random()))) };
  }
  const data = toOrtData(type, { buffer: new ArrayBuffer(sizeBytes), byteOffset: 0, byteLength: sizeBytes });
  const elements = data as unknown as { [index: number]: number | bigint };
  for (let index = 0; index < count; index++) elements[index] = sampleElement(datatype, random());
  return { type, dims, data };
}

function sampleElement(datatype: Datatype, uniform: number): number | bigint {
  if (datatype === 'FP32' || datatype === 'FP64') return uniform;
  if (datatype === 'FP16') return toFloat16Bits(uniform);
  const bit = Math.floor(2 * uniform);
  return datatype === 'INT64' || datatype === 'UINT64' ? BigInt(bit) : bit;
}

/** Several tensors one behind the other along their first dimension. */
export function joinRows(rows: readonly OrtTensor[]): OrtTensor {
  const [first] = rows;
  if (first === undefined) throw new RangeError('no rows');
  const dims = [rows.reduce((sum, row) => sum + (row.dims[0] ?? 0), 0), ...first.dims.slice(1)];
  if (!ArrayBuffer.isView(first.data)) return { ...first, dims, data: rows.flatMap(({ data }) => [...listOf(data)]) };
  const data = Buffer.concat(rows.map(({ data }) => bytesOf(data)));
  const { buffer, byteOffset, byteLength } = Uint8Array.from(data);
  return { ...first, dims, data: toOrtData(first.type, { buffer, byteOffset, byteLength }) };
}

const listOf = (data: OrtTensor['data']): readonly string[] => (ArrayBuffer.isView(data) ? [] : data);

function bytesOf(data: OrtTensor['data']): Uint8Array {
  if (!ArrayBuffer.isView(data)) return new Uint8Array(0);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
