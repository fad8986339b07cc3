import test from 'ava';
import { createSpace, spaceOf } from '../../../searcher/space/space.js';

test('createSpace combines all values, the last dimension fastest, each combination once', (t) => {
  const { candidates } = createSpace([
    { name: 'instance_count', kind: 'integer', values: [1, 2, 2] },
    { name: 'precision', kind: 'categorical', values: ['fp32', 'int8'] },
  ]);
  t.deepEqual(candidates, [
    { instance_count: 1, precision: 'fp32' },
    { instance_count: 1, precision: 'int8' },
    { instance_count: 2, precision: 'fp32' },
    { instance_count: 2, precision: 'int8' },
  ]);
});

test('createSpace leaves a dimension out where it does not apply', (t) => {
  const { candidates } = createSpace([
    { name: 'max_batch_size', kind: 'log', values: [1, 8] },
    { name: 'delay', kind: 'integer', values: [0, 100], when: { name: 'max_batch_size', oneOf: [8] } },
  ]);
  t.deepEqual(candidates, [{ max_batch_size: 1 }, { max_batch_size: 8, delay: 0 }, { max_batch_size: 8, delay: 100 }]);
});

test('createSpace lists what a rule refuses, with the reason', (t) => {
  const { candidates, pruned } = createSpace(
    [
      { name: 'instances', kind: 'integer', values: [1, 4] },
      { name: 'threads', kind: 'integer', values: [1, 4] },
    ],
    [({ instances, threads }) => (Number(instances) * Number(threads) > 4 ? 'more threads than cores' : undefined)],
  );
  t.is(candidates.length, 3);
  t.deepEqual(pruned, [{ candidate: { instances: 4, threads: 4 }, reason: 'more threads than cores' }]);
});

test('spaceOf tells numbers that are compared by ratio, by difference, and categories', (t) => {
  const { dimensions } = spaceOf([
    { concurrency: 64, count: 1, kind: 'a' },
    { concurrency: 1, count: 3, kind: 'b' },
  ]);
  t.deepEqual(dimensions, [
    { name: 'concurrency', kind: 'log', values: [1, 64] },
    { name: 'count', kind: 'integer', values: [1, 3] },
    { name: 'kind', kind: 'categorical', values: ['a', 'b'] },
  ]);
});
