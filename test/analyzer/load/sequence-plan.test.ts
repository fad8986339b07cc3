import test from 'ava';
import { planSequences } from '../../../analyzer/load/sequence-plan.js';
import { seededRandom } from '../../../src/core/random.js';

const planned = (
  count: number,
  settings: Parameters<typeof planSequences>[0],
  streams: readonly number[],
  seed = 1,
) => {
  const plan = planSequences(settings, streams, seededRandom(seed));
  return Array.from({ length: count }, plan);
};
const twenty = { length: 20, lengthVariationPercent: 20 };

test('planSequences gives every length within the variation equally often', (t) => {
  const draws = 90_000;
  const counts = new Map<number, number>();
  for (const { length } of planned(draws, twenty, [1])) counts.set(length, (counts.get(length) ?? 0) + 1);
  const lengths = [16, 17, 18, 19, 20, 21, 22, 23, 24];
  t.deepEqual([...counts.keys()].toSorted(), lengths);
  const expected = draws / lengths.length;
  const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  t.true(chiSquare < 26.1, `chi square ${chiSquare} of 8 degrees of freedom; above 26.1 one time in 1000`);
});

for (const [length, lengthVariationPercent, smallest, largest] of [
  [20, 0, 20, 20],
  [1, 20, 1, 1],
  [100, 7, 93, 107],
  [3, 50, 2, 4],
  [2, 100, 1, 4],
  [4, 200, 1, 12],
] as const) {
  test(`planSequences of ${length} ± ${lengthVariationPercent} % has ${smallest} to ${largest} requests`, (t) => {
    const lengths = planned(5000, { length, lengthVariationPercent }, [1]).map((each) => each.length);
    t.deepEqual([Math.min(...lengths), Math.max(...lengths)], [smallest, largest]);
  });
}

test('planSequences draws the same lengths for the same seed, and others for another', (t) => {
  t.deepEqual(planned(50, twenty, [1], 5), planned(50, twenty, [1], 5));
  t.notDeepEqual(planned(50, twenty, [1], 5), planned(50, twenty, [1], 6));
});

test('planSequences uses all streams in turn, whole unless a length is given', (t) => {
  const whole = { lengthVariationPercent: 20 };
  t.deepEqual(planned(4, whole, [3, 1, 2]), [
    { firstRequest: 0, steps: 3, length: 3 },
    { firstRequest: 3, steps: 1, length: 1 },
    { firstRequest: 4, steps: 2, length: 2 },
    { firstRequest: 0, steps: 3, length: 3 },
  ]);
  t.deepEqual(planned(2, { length: 5, lengthVariationPercent: 0 }, [3, 1]), [
    { firstRequest: 0, steps: 3, length: 5 },
    { firstRequest: 3, steps: 1, length: 5 },
  ]);
});
