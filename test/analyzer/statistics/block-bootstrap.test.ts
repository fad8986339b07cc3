import test from 'ava';
import { meanOf, varianceOf } from '../../../analyzer/statistics/autocorrelation.js';
import { blockBootstrap } from '../../../analyzer/statistics/block-bootstrap.js';
import { logEstimate, ratioOf, studentReach } from '../../../analyzer/statistics/ratio-interval.js';
import { seededRandom } from '../../../src/core/random.js';

const weightedMean = (series: readonly number[]) => (weights: Uint32Array) => [
  series.reduce((sum, value, index) => sum + value * (weights[index] ?? 0), 0) / weights.reduce((a, b) => a + b),
];

const bootstrapOf = (series: readonly number[], mostBlocks: number, resamples = 1000) =>
  blockBootstrap(weightedMean(series), { length: series.length, mostBlocks, resamples, random: seededRandom(1) })[0];

test('blockBootstrap of the mean of independent values is as sure as their deviation says', (t) => {
  const random = seededRandom(3);
  const series = Array.from({ length: 40 }, () => 10 + random());
  const estimate = bootstrapOf(series, 40, 20_000);
  t.is(estimate?.mean, Math.log(meanOf(series)));
  t.is(estimate?.degrees, 39);
  const expected = varianceOf(series) / 39 / meanOf(series) ** 2; // of a logarithm: relative
  t.true(Math.abs((estimate?.squaredError ?? 0) / expected - 1) < 0.05);
});

test('blockBootstrap is not surer for values that only repeat their neighbours', (t) => {
  const values = Array.from({ length: 10 }, (_, index) => 100 + (index % 3));
  const repeated = values.flatMap((value) => [value, value, value]);
  t.deepEqual(bootstrapOf(repeated, 10), bootstrapOf(values, 10));
});

test('blockBootstrap knows nothing from one value, and of a figure that some draws lack', (t) => {
  t.deepEqual(bootstrapOf([2], 10), { mean: Math.log(2), squaredError: 0, degrees: 0 });
  const gone = (weights: Uint32Array) => [weights[0] === 0 ? Number.NaN : 3];
  const [estimate] = blockBootstrap(gone, { length: 5, mostBlocks: 5, resamples: 200, random: seededRandom(1) });
  t.deepEqual(estimate, { mean: Math.log(3), squaredError: 0, degrees: 0 });
});

test('blockBootstrap holds the true ratio of two series that depend on their past as often as it says', (t) => {
  const random = seededRandom(5);
  const series = (middle: number): number[] => {
    let state = 0;
    return Array.from({ length: 60 }, () => {
      state = 0.3 * state + 0.02 * (random() + random() + random() - 1.5);
      return middle * Math.exp(state);
    });
  };
  const none = logEstimate([]);
  let held = 0;
  for (let pair = 0; pair < 400; pair++) {
    const [base = none, next = none] = [series(1), series(1.05)].map((each) => bootstrapOf(each, 10, 200));
    const { interval } = ratioOf(base, next, studentReach(0.95));
    if (interval !== undefined && interval.low <= 1.05 && 1.05 <= interval.high) held++;
  }
  // 95 % of 400 with a sigma of 4.4.
  t.true(held > 380 - 4 * 4.4, String(held));
});
