import test from 'ava';
import { ratioInterval } from '../../../analyzer/statistics/ratio-interval.js';
import { seededRandom } from '../../../src/core/random.js';

test('ratioInterval of logarithms is that of Welch', (t) => {
  // By hand: means 0 and 1, variances 1 and 1, sizes 3 and 3: 4 degrees, t(0.975) = 2.776445, error sqrt(2 / 3).
  const { value, interval } = ratioInterval([-1, 0, 1].map(Math.exp), [0, 1, 2].map(Math.exp), 0.95);
  t.true(Math.abs(value - Math.E) < 1e-9);
  t.true(Math.abs(Math.log(interval?.high ?? 0) - (1 + 2.776445 * Math.sqrt(2 / 3))) < 1e-5);
  t.true(Math.abs(Math.log(interval?.low ?? 0) - (1 - 2.776445 * Math.sqrt(2 / 3))) < 1e-5);
});

test('ratioInterval needs two values on either side', (t) => {
  t.deepEqual(ratioInterval([2], [3, 3], 0.95), { value: Math.exp(Math.log(3) - Math.log(2)) });
});

test('ratioInterval holds the true ratio as often as it says', (t) => {
  const random = seededRandom(7);
  const sample = (middle: number) =>
    Array.from({ length: 6 }, () => middle * Math.exp(0.1 * (random() + random() + random() - 1.5)));
  let held = 0;
  for (let index = 0; index < 1000; index++) {
    const { interval } = ratioInterval(sample(1), sample(1.2), 0.95);
    if (interval !== undefined && interval.low <= 1.2 && 1.2 <= interval.high) held++;
  }
  // 95 % of 1000 with a sigma of 6.9.
  t.true(Math.abs(held - 950) < 4 * 6.9, String(held));
});
