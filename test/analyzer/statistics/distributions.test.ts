import test from 'ava';
import {
  binomialCdf,
  logGamma,
  normalCdf,
  regularizedBeta,
  studentCdf,
  studentQuantile,
} from '../../../analyzer/statistics/distributions.js';

const near = (left: number, right: number, within: number): boolean => Math.abs(left - right) <= within;

test('logGamma of integers is the logarithm of factorials', (t) => {
  let factorial = 0;
  for (let n = 1; n < 100; n++) {
    t.true(near(logGamma(n), factorial, 1e-11 * Math.max(1, factorial)), String(n));
    factorial += Math.log(n);
  }
  t.true(near(logGamma(0.5), Math.log(Math.PI) / 2, 1e-14));
});

test('regularizedBeta has its closed forms', (t) => {
  for (const x of [0.001, 0.2, 0.5, 0.9, 0.999]) {
    t.true(near(regularizedBeta(x, 1, 1), x, 1e-12));
    t.true(near(regularizedBeta(x, 5, 1), x ** 5, 1e-12));
    t.true(near(regularizedBeta(x, 1, 7), 1 - (1 - x) ** 7, 1e-12));
    t.true(near(regularizedBeta(x, 0.5, 0.5), (2 / Math.PI) * Math.asin(Math.sqrt(x)), 1e-10));
  }
});

test('normalCdf has the quantiles of the tables', (t) => {
  for (const [z, share] of [
    [0, 0.5],
    [1.6448536269514722, 0.95],
    [2.3263478740408408, 0.99],
    [3.090232306167813, 0.999],
  ] as const) {
    t.true(near(normalCdf(z), share, 1e-13), String(z));
    t.true(near(normalCdf(-z), 1 - share, 1e-13), String(-z));
  }
  t.is(normalCdf(9), 1);
});

test('binomialCdf is the sum of the probabilities', (t) => {
  for (const [trials, chance] of [
    [7, 0.3],
    [60, 0.01],
    [300, 0.05],
  ] as const) {
    let probability = (1 - chance) ** trials;
    let sum = 0;
    for (let successes = 0; successes < trials; successes++) {
      sum += probability;
      probability *= ((trials - successes) / (successes + 1)) * (chance / (1 - chance));
      t.true(near(binomialCdf(successes, trials, chance), sum, 1e-10), `${successes} of ${trials}`);
    }
    t.is(binomialCdf(trials, trials, chance), 1);
    t.is(binomialCdf(-1, trials, chance), 0);
  }
});

/** Tables of Student's distribution. */
const quantiles = [
  [0.975, 1, 12.7062],
  [0.975, 10, 2.22814],
  [0.95, 29, 1.69913],
  [0.995, 20, 2.84534],
  [0.975, 1e6, 1.95997],
] as const;

for (const [share, degrees, expected] of quantiles) {
  test(`studentQuantile of ${share} with ${degrees} degrees of freedom is ${expected}`, (t) => {
    t.true(near(studentQuantile(share, degrees), expected, 1e-4));
    t.true(near(studentQuantile(1 - share, degrees), -expected, 1e-4));
    t.true(near(studentCdf(expected, degrees), share, 1e-5));
  });
}
