import test from 'ava';
import { arrivalProcess } from '../../../analyzer/load/arrivals.js';
import type { Arrivals } from '../../../src/core/load.js';
import { seededRandom } from '../../../src/core/random.js';

const count = 20_000;

function gapsOf(arrivals: Arrivals, seed = 1): number[] {
  const next = arrivalProcess(arrivals, seededRandom(seed));
  let before = 0;
  return Array.from({ length: count }, () => {
    const at = next();
    const gap = at - before;
    before = at;
    return gap;
  });
}

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const varianceOf = (values: readonly number[]): number => {
  const mean = meanOf(values);
  return meanOf(values.map((value) => (value - mean) ** 2));
};

/** The largest distance between the empirical and the given distribution (Kolmogorov and Smirnov). */
function largestDistance(values: readonly number[], cumulative: (value: number) => number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return Math.max(
    ...sorted.map((value, index) => {
      const expected = cumulative(value);
      return Math.max(expected - index / sorted.length, (index + 1) / sorted.length - expected);
    }),
  );
}
/** Passed by 99.9 % of samples of the distribution; the seeds are fixed, so the tests are certain. */
const criticalDistance = 1.949 / Math.sqrt(count);

test('arrivalProcess constant comes exactly once per unit', (t) => {
  t.true(gapsOf({ kind: 'constant' }).every((gap) => gap === 1));
});

const exponential = (value: number): number => 1 - Math.exp(-value);
for (const seed of [1, 2, 3]) {
  test(`arrivalProcess poisson gaps are exponential (Kolmogorov-Smirnov), seed ${seed}`, (t) => {
    t.true(largestDistance(gapsOf({ kind: 'poisson' }, seed), exponential) < criticalDistance);
  });
}

test('arrivalProcess the test of the distribution tells gamma from poisson', (t) => {
  t.true(largestDistance(gapsOf({ kind: 'gamma', shape: 1.2 }), exponential) > criticalDistance);
});

test('arrivalProcess gamma of shape 1 is exponential, and of shape 2 the sum of two', (t) => {
  t.true(largestDistance(gapsOf({ kind: 'gamma', shape: 1 }), exponential) < criticalDistance);
  const erlang = (value: number): number => 1 - Math.exp(-2 * value) * (1 + 2 * value);
  t.true(largestDistance(gapsOf({ kind: 'gamma', shape: 2 }), erlang) < criticalDistance);
});

for (const shape of [0.25, 0.5, 4, 100]) {
  test(`arrivalProcess gamma of shape ${shape} has mean 1 and variance ${1 / shape}`, (t) => {
    const gaps = gapsOf({ kind: 'gamma', shape });
    const sigmaOfMean = Math.sqrt(1 / shape / count);
    t.true(Math.abs(meanOf(gaps) - 1) < 4 * sigmaOfMean);
    t.true(Math.abs(varianceOf(gaps) * shape - 1) < 4 * Math.sqrt((2 + 6 / shape) / count));
  });
}
