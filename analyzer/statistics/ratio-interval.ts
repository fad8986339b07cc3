import { meanOf, varianceOf } from './autocorrelation.js';
import type { Interval } from './batch-means.js';
import { studentQuantile } from './distributions.js';

/** How many times larger one sample is than another, by their geometric means. */
export interface Ratio {
  readonly value: number;
  /** Absent when a sample has fewer than two values. */
  readonly interval?: Interval;
}

/**
 * The ratio of two samples of positive numbers: logarithms make it a difference of means, whose interval is Welch's
 * (Biometrika 34, 1947), for samples of different spread.
 *
 * @param confidence a share, e.g. 0.95
 */
export function ratioInterval(base: readonly number[], next: readonly number[], confidence: number): Ratio {
  const [before, after] = [base.map(Math.log), next.map(Math.log)];
  const difference = meanOf(after) - meanOf(before);
  const value = Math.exp(difference);
  if (before.length < 2 || after.length < 2) return { value };
  const errors = [before, after].map((sample) => varianceOf(sample) / (sample.length - 1));
  const [ofBase = 0, ofNext = 0] = errors;
  const squaredError = ofBase + ofNext;
  if (squaredError === 0) return { value, interval: { low: value, high: value } };
  const degrees = squaredError ** 2 / (ofBase ** 2 / (before.length - 1) + ofNext ** 2 / (after.length - 1));
  const halfWidth = studentQuantile(1 - (1 - confidence) / 2, degrees) * Math.sqrt(squaredError);
  return { value, interval: { low: Math.exp(difference - halfWidth), high: Math.exp(difference + halfWidth) } };
}
