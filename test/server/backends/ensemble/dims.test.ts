import test from 'ava';
import { passShape } from '../../../../src/server/backends/ensemble/dims.js';

for (const [what, shape, batchSize, dims, isBatching, expected] of [
  ['a batch between batching models', [3, 16], 3, [16], true, [3, 16]],
  ['a tensor that fits a batching model as it is', [16], 0, [16], true, [1, 16]],
  ['a tensor with a dimension more, which is the batch', [3, 16], 0, [16], true, [3, 16]],
  ['a batch that a model without batching takes whole', [3, 16], 3, [-1, 16], false, [3, 16]],
  ['a batch of one for a model without batching', [1, 16], 1, [16], false, [16]],
  ['a larger batch for a model without batching, which refuses it', [2, 16], 2, [16], false, [2, 16]],
  ['a tensor between models without batching', [16], 0, [-1], false, [16]],
] as const) {
  test(`passShape passes ${what}`, (t) => {
    t.deepEqual([...passShape({ shape, batchSize }, { dims, isBatching })], [...expected]);
  });
}
