import test from 'ava';
import { randomTensor } from '../../../analyzer/data/random-tensor.js';
import { seededRandom } from '../../../src/core/random.js';
import { type Datatype, datatypeFacts } from '../../../src/protocol/datatype.js';
import { tensorDataToJson } from '../../../src/protocol/json-tensor.js';
import { rawByteSize, unpackBytes } from '../../../src/protocol/tensor.js';

const shape = [3, 50];
const make = (datatype: Datatype, seed = 1) => randomTensor({ name: 'x', datatype, shape }, seededRandom(seed));

for (const datatype of Object.keys(datatypeFacts) as Datatype[]) {
  test(`randomTensor ${datatype} is seeded and has the size of its shape`, (t) => {
    t.deepEqual(make(datatype), make(datatype));
    t.notDeepEqual(make(datatype).data, make(datatype, 2).data);
    const size = rawByteSize(datatype, shape);
    if (size !== undefined) t.is(make(datatype).data.length, size);
    else t.is(unpackBytes(make(datatype).data, 'x').length, 150);
  });
}

for (const datatype of ['INT8', 'UINT8', 'INT16', 'UINT16', 'INT32', 'UINT32', 'INT64', 'UINT64'] as const) {
  test(`randomTensor ${datatype} is an index from 0 to 99`, (t) => {
    const values = JSON.parse(tensorDataToJson(make(datatype))) as number[];
    t.true(values.every((value) => Number.isInteger(value) && value >= 0 && value < 100));
    t.true(new Set(values).size > 50);
  });
}

test('randomTensor BOOL holds 0 and 1 only', (t) => {
  t.deepEqual([...new Set(make('BOOL').data)].sort(), [0, 1]);
});

test('randomTensor FP32 is uniform in [0, 1)', (t) => {
  const values = JSON.parse(tensorDataToJson(make('FP32'))) as number[];
  t.true(values.every((value) => value >= 0 && value < 1));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  t.true(Math.abs(mean - 0.5) < (4 * Math.sqrt(1 / 12)) / Math.sqrt(values.length)); // 4 sigma
});

test('randomTensor FP16 and BF16 are finite and in [0, 1]', (t) => {
  const half = (bits: number): number => {
    const exponent = (bits >> 10) & 31;
    const fraction = (bits & 1023) / 1024;
    return exponent === 0 ? fraction * 2 ** -14 : (1 + fraction) * 2 ** (exponent - 15);
  };
  const words = (data: Uint8Array) => [...new Uint16Array(data.slice().buffer)];
  t.true(words(make('FP16').data).every((bits) => half(bits) < 1 && Number.isInteger(half(bits) * 1024)));
  const bf16 = (bits: number) => new Float32Array(new Uint32Array([bits << 16]).buffer)[0] ?? Number.NaN;
  t.true(words(make('BF16').data).every((bits) => bf16(bits) >= 0 && bf16(bits) < 1));
});
