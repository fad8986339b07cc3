import test from 'ava';
import { shapeAlternatives } from '../../../analyzer/data/shape-plan.js';
import { PerfError } from '../../../src/core/perf-error.js';
import { input, signatureOf } from './signature.js';

const signature = signatureOf([
  input('ids', 'INT64', [-1]),
  input('mask', 'INT64', [-1]),
  input('image', 'FP32', [3, -1]),
]);
const choice = (dims: number[], weight = 1) => ({ dims, weight });
test('shapeAlternatives puts the n-th shapes together, and a lone shape with all', (t) => {
  const alternatives = shapeAlternatives(
    { ids: [choice([8], 3), choice([16], 1)], mask: [choice([8], 3), choice([16], 1)], image: [choice([3, 4])] },
    signature,
  );
  t.deepEqual(
    alternatives.map(({ dims, weight }) => [Object.fromEntries(dims), weight]),
    [
      [{ ids: [8], mask: [8], image: [3, 4] }, 3],
      [{ ids: [16], mask: [16], image: [3, 4] }, 1],
    ],
  );
  t.is(shapeAlternatives({}, signature).length, 1);
});

for (const [what, shapes, message] of [
  ['an unknown input', { nope: [choice([1])] }, /expected an input of model 'm' \(ids, mask, image\), got 'nope'/],
  [
    'a shape that does not fit',
    { image: [choice([4, 4])] },
    /--shape image:4,4: expected dimensions that fit \[3,-1\]/,
  ],
  ['a shape of the wrong rank', { ids: [choice([1, 4])] }, /--shape ids:1,4/],
  [
    'weights that differ',
    { ids: [choice([1]), choice([2])], mask: [choice([1]), choice([2], 2)] },
    /ids and --shape mask: expected as many of each.*got 1, 1 and 1, 2/,
  ],
  [
    'numbers that differ',
    { ids: [choice([1]), choice([2])], mask: [choice([1]), choice([2]), choice([3])] },
    /got 1, 1 and 1, 1, 1/,
  ],
] as const) {
  test(`shapeAlternatives refuses ${what}`, (t) => {
    t.is(t.throws(() => shapeAlternatives(shapes, signature), { instanceOf: PerfError, message })?.code, 'usage');
  });
}
