import test from 'ava';
import { fitGaussianProcess } from '../../../searcher/surrogate/gaussian-process.js';
import { seededRandom } from '../../../src/core/random.js';

const options = {
  features: { size: 1, isCategorical: [false] },
  random: seededRandom(1),
  expected: { deviation: 0.5, noise: 0.01 },
  attempts: 100,
};

test('fitGaussianProcess goes through what it saw, and is less certain elsewhere', (t) => {
  const points = [0, 0.25, 0.5, 0.75, 1].map((x) => Float64Array.of(x));
  const values = points.map(([x = 0]) => Math.sin(3 * x) - 0.6);
  const process = fitGaussianProcess({ points, values }, options);
  const seen = process.predict(Float64Array.of(0.5));
  const between = process.predict(Float64Array.of(0.4));
  t.true(Math.abs(seen.mean - (Math.sin(1.5) - 0.6)) < 0.02);
  t.true(Math.abs(between.mean - (Math.sin(1.2) - 0.6)) < 0.05);
  t.true(process.predict(Float64Array.of(1.6)).deviation > 2 * between.deviation);
});

test('fitGaussianProcess expects 0 where it saw nothing', (t) => {
  const { mean, deviation } = fitGaussianProcess({ points: [], values: [] }, options).predict(Float64Array.of(0.3));
  t.is(mean, 0);
  t.true(deviation > 0.3 && deviation < 1);
});

test('fitGaussianProcess takes categories for equal or different', (t) => {
  const features = { size: 1, isCategorical: [true] };
  const points = [0, 0, 1, 1, 2].map((x) => Float64Array.of(x));
  const process = fitGaussianProcess({ points, values: [1, 1.01, -1, -1.01, 0] }, { ...options, features });
  t.true(process.predict(Float64Array.of(0)).mean > 0.8);
  t.true(process.predict(Float64Array.of(1)).mean < -0.8);
});
