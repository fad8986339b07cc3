import test from 'ava';
import { pairedRatio } from '../../../analyzer/statistics/paired-ratio.js';
import { seededRandom } from '../../../src/core/random.js';

test('pairedRatio does not see what slows whole rounds', (t) => {
  const base = [1, 5, 2, 8, 3];
  const { value, interval } = pairedRatio(
    base,
    base.map((round) => round * 2),
    0.95,
  );
  t.true(Math.abs(value - 2) < 1e-12);
  t.true(interval !== undefined && interval.high - interval.low < 1e-9);
  t.deepEqual(pairedRatio([2], [3], 0.95), { value: 1.5 });
});

test('pairedRatio covers the true ratio as often as it says', (t) => {
  const random = seededRandom(7);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const trials = 2000;
  let covered = 0;
  for (let trial = 0; trial < trials; trial++) {
    const drift = Array.from({ length: 6 }, () => Math.exp(normal()));
    const base = drift.map((slow) => slow * Math.exp(0.1 * normal()));
    const next = drift.map((slow) => 1.7 * slow * Math.exp(0.1 * normal()));
    const { interval } = pairedRatio(base, next, 0.95);
    if (interval !== undefined && interval.low <= 1.7 && 1.7 <= interval.high) covered++;
  }
  // The standard deviation of the share is 0.5 %.
  t.true(Math.abs(covered / trials - 0.95) < 0.02, `${covered} of ${trials}`);
});
