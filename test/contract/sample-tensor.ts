import { type Datatype, datatypeFacts } from '../../src/protocol/datatype.js';
import { packBytes } from '../../src/protocol/tensor.js';

/** Elements at the edges of every datatype: extremes of the range, NaN, infinities, empty and non-ASCII text. */
export function sampleTensor(datatype: Datatype): { readonly shape: readonly number[]; readonly data: Uint8Array } {
  const data = elementsOf(datatype);
  const { sizeBytes } = datatypeFacts[datatype];
  return { shape: [sizeBytes === undefined ? texts.length : data.length / sizeBytes], data };
}

const texts = ['', 'plain', 'snowman ☃', '"quoted\\"', '\u{1f600}'];

const floats = [0, -0, 1.5, -2.25, 1e-3, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

function elementsOf(datatype: Datatype): Uint8Array {
  if (datatype === 'BYTES') return packBytes(texts);
  if (datatype === 'BOOL') return Uint8Array.of(1, 0, 0, 1);
  if (datatype === 'FP16' || datatype === 'BF16') return Uint8Array.of(0, 0x3c, 0, 0xbc, 0xff, 0x7b);
  if (datatype === 'FP32') return new Uint8Array(Float32Array.from(floats).buffer);
  if (datatype === 'FP64') return new Uint8Array(Float64Array.from([...floats, 0.1, 1e300, 123456789.12345679]).buffer);
  return integers(datatype);
}

/** The smallest, the largest, and some between. */
function integers(datatype: Datatype): Uint8Array {
  const { range = [0n, 0n], sizeBytes = 1 } = datatypeFacts[datatype];
  const values = [range[0], range[1], 0n, 1n, 100n, range[1] - 1n];
  const data = new Uint8Array(values.length * sizeBytes);
  for (const [index, value] of values.entries()) {
    for (let byte = 0; byte < sizeBytes; byte++) {
      data[index * sizeBytes + byte] = Number((BigInt.asUintN(64, value) >> BigInt(byte * 8)) & 0xffn);
    }
  }
  return data;
}
