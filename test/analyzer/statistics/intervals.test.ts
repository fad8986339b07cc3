import test from 'ava';
import { effectiveSampleSize, varianceInflation } from '../../../analyzer/statistics/autocorrelation.js';
import { meanInterval, rateInterval } from '../../../analyzer/statistics/batch-means.js';
import {
  neededRequests,
  orderedArray,
  orderedHistogram,
  percentileInterval,
  rankInterval,
} from '../../../analyzer/statistics/percentile-interval.js';
import { seededRandom } from '../../../src/core/random.js';
import { coverage, latencySeries, normals } from '../../helpers/latency-truth.js';

/** Order statistics of the median and of other percentiles at 95 %, from tables of the binomial distribution. */
const ranks = [
  [10, 0.5, 2, 9],
  [100, 0.5, 40, 61],
  [20, 0.5, 6, 15],
] as const;

for (const [count, percentile, low, high] of ranks) {
  test(`rankInterval of p${100 * percentile} among ${count} is ${low} to ${high}`, (t) => {
    t.deepEqual(rankInterval(count, percentile, { confidence: 0.95 }), { low, high });
  });
}

test('rankInterval says when there is no bound', (t) => {
  t.is(rankInterval(100, 0.99, { confidence: 0.95 }).high, 101);
  t.is(rankInterval(5, 0.5, { confidence: 0.95 }).low, 0);
  t.true(rankInterval(400, 0.99, { confidence: 0.95 }).high <= 400);
});

test('rankInterval is as wide as that of a sample smaller by the inflation', (t) => {
  const { low, high } = rankInterval(10_000, 0.5, { confidence: 0.95, inflation: 4 });
  t.true(Math.abs(high - low - 2 * (61 - 40) * 10) < 30, `${low} to ${high}`);
});

test('percentileInterval of an array and of its histogram are the same', (t) => {
  const values = [5, 1, 3, 3, 2, 5, 4, 1, 1, 2, 2, 4];
  const sorted = values.toSorted((left, right) => left - right);
  const histogram = [1, 2, 3, 4, 5].map((value) => [value, sorted.filter((each) => each === value).length] as const);
  const array = orderedArray(values);
  for (let rank = 1; rank <= 12; rank++) {
    t.is(array.valueAtRank(rank), orderedHistogram(histogram).valueAtRank(rank));
  }
  t.deepEqual(
    percentileInterval(array, 0.5, { confidence: 0.9 }),
    percentileInterval(orderedHistogram(histogram), 0.5, { confidence: 0.9 }),
  );
  t.is(percentileInterval(array, 0.99, { confidence: 0.9 }), undefined);
});

test('neededRequests are those of the early-stopping bound with none over, times the inflation', (t) => {
  t.deepEqual(
    [0.5, 0.9, 0.95, 0.99, 0.999].map((percentile) => neededRequests(percentile)),
    [7, 44, 90, 459, 4603],
  );
  t.is(neededRequests(0.99, 2.5), 1148);
});

test('varianceInflation of independent, regular and autoregressive series', (t) => {
  const normal = normals(seededRandom(3));
  for (const count of [2000, 50_000]) {
    const independent = varianceInflation(latencySeries(count, 0, normal));
    t.true(independent > 0.7 && independent < 1.4, `${count}: ${independent}`);
    const positive = varianceInflation(Float64Array.from(latencySeries(count, 0.6, normal), Math.log)); // (1 + 0.6) / (1 - 0.6) = 4
    t.true(positive > 3 && positive < 5, `${count}: ${positive}`);
  }
  const noise = Float64Array.from({ length: 2001 }, normal);
  const differences = noise.subarray(1).map((value, index) => value - (noise[index] ?? 0));
  t.true(varianceInflation(differences) < 0.1, 'the mean of differences hardly varies');
  t.is(varianceInflation(new Float64Array(100).fill(4)), 1);
  t.is(effectiveSampleSize([1, 2, 3]), 3);
});

test('meanInterval and rateInterval need 20 values, and those of a constant have no width', (t) => {
  t.is(meanInterval(new Float64Array(19).fill(2), 0.95), undefined);
  t.deepEqual(meanInterval(new Float64Array(20).fill(2), 0.95), { low: 2, high: 2 });
  t.deepEqual(rateInterval(new Float64Array(40).fill(2), 0.95), { low: 0.5, high: 0.5 });
});

/** Four sigmas around 95 % of 400 runs; 2,000 runs within 93 to 97 % are in the bench. */
const lowest = 0.95 - 4 * Math.sqrt((0.95 * 0.05) / 400);
const highest = 0.95 + 4 * Math.sqrt((0.95 * 0.05) / 400);

for (const rho of [0, 0.6]) {
  test(`intervals of latencies with rho ${rho} hold the truth as often as they say`, (t) => {
    const { naive, runs, ...shares } = coverage({ runs: 400, requests: 2000, rho, seed: 1 });
    for (const [name, share] of Object.entries(shares)) {
      t.true(share >= lowest && share <= highest, `${name}: ${share} of ${runs}`);
    }
    for (const [name, share] of Object.entries(naive)) {
      t.is(share < 0.93, rho > 0, `binomial ranks alone, ${name}: ${share}`);
    }
  });
}
