import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { bindGenerator } from '../../../analyzer/data/bind-generator.js';
import type { Generator } from '../../../src/core/input-data.js';
import { PerfError } from '../../../src/core/perf-error.js';
import { seededRandom } from '../../../src/core/random.js';
import { type Datatype, datatypeFacts, isDatatype } from '../../../src/protocol/datatype.js';
import { elementCodecs, type FixedDatatype } from '../../../src/protocol/element-codec.js';
import { rawByteSize, unpackBytes } from '../../../src/protocol/tensor.js';

const folder = mkdtempSync(join(tmpdir(), 'perf-analyze-test-'));
test.after.always(() => rmSync(folder, { recursive: true }));
function fileOf(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const count = 2000;
const random = { source: 'random', stringLength: 128 } as const;
const datatypes = Object.keys(datatypeFacts).filter(isDatatype);
const fixedTypes = datatypes.filter((datatype): datatype is FixedDatatype => datatype !== 'BYTES');

function bytesOf(
  datatype: Datatype,
  generator?: Generator,
  seed = 1,
  settings: Parameters<typeof bindGenerator>[2] = random,
) {
  return bindGenerator({ name: 'x', datatype, dims: [-1] }, generator, settings)([count], seededRandom(seed));
}

function valuesOf(datatype: FixedDatatype, data: Uint8Array): number[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const step = datatypeFacts[datatype].sizeBytes ?? 1;
  return Array.from({ length: data.length / step }, (_, index) =>
    Number(elementCodecs[datatype].read(view, index * step)),
  );
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

for (const datatype of datatypes) {
  test(`bindGenerator random ${datatype} is seeded and has the size of its shape`, (t) => {
    t.deepEqual(bytesOf(datatype), bytesOf(datatype));
    t.notDeepEqual(bytesOf(datatype), bytesOf(datatype, undefined, 2));
    const size = rawByteSize(datatype, [count]) ?? count * (4 + 128);
    t.is(bytesOf(datatype).length, size);
  });
}

for (const datatype of fixedTypes) {
  test(`bindGenerator random ${datatype} is valid: a number of its usual range`, (t) => {
    const values = valuesOf(datatype, bytesOf(datatype));
    const isFloat = datatype.includes('F');
    const largest = isFloat || datatype === 'BOOL' ? 1 : 99;
    t.true(values.every((value) => value >= 0 && value <= largest && (isFloat || Number.isInteger(value))));
    const [expected, deviation] = isFloat ? [0.5, 0.289] : datatype === 'BOOL' ? [0.5, 0.5] : [49.5, 28.9];
    t.true(Math.abs(mean(values) - expected) < (5 * deviation) / Math.sqrt(count)); // 5 sigma
  });

  test(`bindGenerator zero ${datatype} is all zeros`, (t) => {
    t.deepEqual([...new Set(bytesOf(datatype, undefined, 1, { ...random, source: 'zero' }))], [0]);
  });
}

test('bindGenerator random BOOL holds only the bytes 0 and 1', (t) => {
  t.deepEqual([...new Set(bytesOf('BOOL'))].sort(), [0, 1]);
  t.deepEqual([...new Set(bytesOf('BOOL', { kind: 'uniform', low: 0, high: 2 }))].sort(), [0, 1]);
});

test('bindGenerator strings have their length, or are the given text, also with zero', (t) => {
  const lengths = unpackBytes(bytesOf('BYTES', undefined, 1, { ...random, stringLength: 5 }), 'x').map((s) => s.length);
  t.deepEqual([...new Set(lengths)], [5]);
  for (const source of ['random', 'zero'] as const) {
    const data = bytesOf('BYTES', undefined, 1, { source, stringLength: 5, stringData: 'snowman ☃' });
    t.deepEqual([...new Set(unpackBytes(data, 'x').map((bytes) => Buffer.from(bytes).toString()))], ['snowman ☃']);
  }
});

test('bindGenerator uniform: integers below the upper bound, floats between the bounds', (t) => {
  const integers = valuesOf('INT64', bytesOf('INT64', { kind: 'uniform', low: -3, high: 2 }));
  t.deepEqual(
    [...new Set(integers)].sort((a, b) => a - b),
    [-3, -2, -1, 0, 1],
  );
  const floats = valuesOf('FP32', bytesOf('FP32', { kind: 'uniform', low: 10, high: 20 }));
  t.true(floats.every((value) => value >= 10 && value <= 20));
  t.true(Math.abs(mean(floats) - 15) < (5 * 2.89) / Math.sqrt(count));
});

test('bindGenerator normal has its mean and deviation, and stays inside the type', (t) => {
  const values = valuesOf('FP64', bytesOf('FP64', { kind: 'normal', mean: 3, deviation: 2 }));
  t.true(Math.abs(mean(values) - 3) < (5 * 2) / Math.sqrt(count));
  const variance = mean(values.map((value) => (value - 3) ** 2));
  t.true(Math.abs(variance - 4) < (5 * 4 * Math.SQRT2) / Math.sqrt(count));
  const clamped = valuesOf('UINT8', bytesOf('UINT8', { kind: 'normal', mean: 0, deviation: 1000 }));
  t.true(clamped.includes(0) && clamped.includes(255));
});

test('bindGenerator zipf draws each rank by its weight', (t) => {
  const values = valuesOf('INT32', bytesOf('INT32', { kind: 'zipf', count: 4, exponent: 1 }));
  const total = 1 + 1 / 2 + 1 / 3 + 1 / 4;
  for (const rank of [0, 1, 2, 3]) {
    const share = 1 / (rank + 1) / total;
    const got = values.filter((value) => value === rank).length / count;
    t.true(Math.abs(got - share) < 5 * Math.sqrt((share * (1 - share)) / count), `rank ${rank}: ${got}, ${share}`);
  }
});

test('bindGenerator sequence counts in row-major order, from the start in every inference', (t) => {
  const make = bindGenerator(
    { name: 'x', datatype: 'INT32', dims: [-1, -1] },
    { kind: 'sequence', start: 5, step: -2 },
    random,
  );
  for (let inference = 0; inference < 2; inference++) {
    t.deepEqual(valuesOf('INT32', make([2, 2], seededRandom(1))), [5, 3, 1, -1]);
  }
});

test('bindGenerator constant keeps the digits of 64-bit integers, and is text for BYTES', (t) => {
  const data = bytesOf('UINT64', { kind: 'constant', value: '18446744073709551615' });
  t.deepEqual([...new Set(data)], [255]);
  t.deepEqual(valuesOf('FP16', bytesOf('FP16', { kind: 'constant', value: '-1.5' })).at(-1), -1.5);
  t.deepEqual(valuesOf('FP32', bytesOf('FP32', { kind: 'constant', value: '2' })).at(0), 2);
  t.deepEqual(valuesOf('BOOL', bytesOf('BOOL', { kind: 'constant', value: 'true' })).at(0), 1);
  t.is(Buffer.from(unpackBytes(bytesOf('BYTES', { kind: 'constant', value: '1' }), 'x')[7] ?? []).toString(), '1');
});

test('bindGenerator vocabulary takes all lines of a file', (t) => {
  const file = fileOf('words.txt', 'one\ntwo\nthree');
  const words = unpackBytes(bytesOf('BYTES', { kind: 'vocabulary', file }), 'x').map((word) =>
    Buffer.from(word).toString(),
  );
  t.deepEqual([...new Set(words)].sort(), ['one', 'three', 'two']);
});

test('bindGenerator file is raw bytes, and lines for BYTES', (t) => {
  const raw = fileOf('x.bin', Uint8Array.of(1, 0, 2, 0));
  const file: Generator = { kind: 'file', file: raw };
  const make = bindGenerator({ name: 'x', datatype: 'INT16', dims: [2] }, file, random);
  t.deepEqual(valuesOf('INT16', make([2], seededRandom(1))), [1, 2]);
  t.throws(() => make([3], seededRandom(1)), {
    instanceOf: PerfError,
    message: /expected 6 bytes for INT16 \[3\], got 4/,
  });
  const lines = fileOf('x.txt', 'a\nbc\n');
  const texts = bindGenerator({ name: 'x', datatype: 'BYTES', dims: [2] }, { kind: 'file', file: lines }, random);
  t.deepEqual([...texts([2], seededRandom(1))], [1, 0, 0, 0, 97, 2, 0, 0, 0, 98, 99]);
});

const refused: readonly (readonly [Datatype, Generator, RegExp])[] = [
  [
    'BYTES',
    { kind: 'uniform', low: 0, high: 1 },
    /--input x:uniform\(\.\.\.\) for type BYTES: expected constant, vocabulary or file/,
  ],
  ['FP32', { kind: 'vocabulary', file: 'x' }, /for type FP32: expected a distribution of numbers/],
  ['INT32', { kind: 'uniform', low: 0.5, high: 2 }, /expected values that are an integer.*got 0.5/],
  ['UINT8', { kind: 'uniform', low: 0, high: 257 }, /from 0 to 255, got 256/],
  ['FP16', { kind: 'uniform', low: 0, high: 1e6 }, /from -65504 to 65504, got 1000000/],
  ['BOOL', { kind: 'normal', mean: 0, deviation: 1 }, /for an input of type BOOL, got normal\(0,1\)/],
  ['INT32', { kind: 'constant', value: '1.5' }, /expected an integer.*got constant\(1.5\)/],
  ['FP32', { kind: 'constant', value: 'x' }, /expected a number, got constant\(x\)/],
  ['FP32', { kind: 'zipf', count: 3, exponent: 1 }, /expected an input with an integer type/],
  ['INT8', { kind: 'zipf', count: 200, exponent: 1 }, /from -128 to 127, got 199/],
];
for (const [datatype, generator, message] of refused) {
  test(`bindGenerator refuses ${JSON.stringify(generator)} for ${datatype}`, (t) => {
    t.is(t.throws(() => bytesOf(datatype, generator), { instanceOf: PerfError, message })?.code, 'usage');
  });
}

test('bindGenerator refuses a sequence that leaves the type, and a file that is not there', (t) => {
  t.throws(() => bytesOf('INT8', { kind: 'sequence', start: 0, step: 1 }), { message: /from -128 to 127, got 1999/ });
  t.is(
    t.throws(() => bytesOf('FP32', { kind: 'file', file: join(folder, 'nope') }), { instanceOf: PerfError })?.code,
    'file',
  );
});
