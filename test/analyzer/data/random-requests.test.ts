import test from 'ava';
import { type RandomRequestOptions, randomRequests } from '../../../analyzer/data/random-requests.js';
import { PerfError } from '../../../src/core/perf-error.js';

const options: RandomRequestOptions = {
  modelName: 'm',
  modelVersion: '',
  inputs: [
    { name: 'image', datatype: 'FP32', shape: [-1, 3, 4] },
    { name: 'tokens', datatype: 'INT64', shape: [-1, -1] },
  ],
  maxBatchSize: 8,
  batchSize: 2,
  shapes: { tokens: [5] },
  seed: 7,
};

test('randomRequests puts the batch before the shapes', (t) => {
  const requests = randomRequests(options);
  t.deepEqual(
    requests[0]?.inputs.map(({ name, shape }) => [name, shape]),
    [
      ['image', [2, 3, 4]],
      ['tokens', [2, 5]],
    ],
  );
});

test('randomRequests without batching sends the shape as it is', (t) => {
  const requests = randomRequests({
    ...options,
    maxBatchSize: 0,
    batchSize: 1,
    shapes: { image: [1, 3, 4], tokens: [2, 2] },
  });
  t.deepEqual(requests[0]?.inputs[0]?.shape, [1, 3, 4]);
});

test('randomRequests are several, all different, and the same for the same seed', (t) => {
  const data = (seed: number) =>
    randomRequests({ ...options, seed }).map(({ inputs }) => Buffer.from(inputs[0]?.data ?? []).toString('hex'));
  t.is(new Set(data(7)).size, 8);
  t.deepEqual(data(7), data(7));
  t.notDeepEqual(data(7), data(8));
});

test('randomRequests of a large model stay within memory', (t) => {
  const inputs = [{ name: 'x', datatype: 'FP32', shape: [-1, 10_000_000] }] as const;
  t.is(randomRequests({ ...options, inputs, batchSize: 1, shapes: {} }).length, 2);
});

const refusals: readonly (readonly [string, Partial<RandomRequestOptions>, RegExp])[] = [
  ['a variable input without a shape', { shapes: {} }, /input 'tokens': expected --shape tokens:<dims>/],
  ['a shape that does not fit', { shapes: { image: [3, 5], tokens: [5] } }, /--shape image:3,5: expected .*\[3,4\]/],
  ['a shape of the wrong rank', { shapes: { tokens: [5, 5] } }, /--shape tokens:5,5/],
  [
    'a shape for an unknown input',
    { shapes: { nope: [1], tokens: [5] } },
    /expected an input of model 'm' \(image, tokens\), got 'nope'/,
  ],
];
for (const [criterion, change, message] of refusals) {
  test(`randomRequests refuses ${criterion}`, (t) => {
    const error = t.throws(() => randomRequests({ ...options, ...change }), { instanceOf: PerfError, message });
    t.is(error?.code, 'usage');
  });
}
