import { meanOf, varianceOf } from './autocorrelation.js';
import type { Interval } from './batch-means.js';
import { studentQuantile } from './distributions.js';

/** How many times larger one sample is than another, by their geometric means. */
export interface Ratio {
  readonly value: number;
  /** Absent when a sample has fewer than two values. */
  readonly interval?: Interval;
}

/** The logarithm of a figure, and how sure it is. */
export interface LogEstimate {
  readonly mean: number;
  /** The variance of `mean`. */
  readonly squaredError: number;
  /** Of freedom, behind `squaredError`; 0: nobody knows how sure it is. */
  readonly degrees: number;
}

/**
 * The ratio of two samples of positive numbers: logarithms make it a difference of means, whose interval is Welch's
 * (Biometrika 34, 1947), for samples of different spread.
 *
 * @param confidence a share, e.g. 0.95
 */
export const ratioInterval = (base: readonly number[], next: readonly number[], confidence: number): Ratio =>
  ratioOf(logEstimate(base), logEstimate(next), studentReach(confidence));

/** Of the geometric mean of positive numbers. */
export function logEstimate(sample: readonly number[]): LogEstimate {
  const logs = sample.map(Math.log);
  const degrees = Math.max(0, logs.length - 1);
  return { mean: meanOf(logs), squaredError: degrees === 0 ? 0 : varianceOf(logs) / degrees, degrees };
}

/** How many standard errors an interval reaches to each side, for so many degrees of freedom. */
export type Reach = (degrees: number) => number;

/** That of Student's distribution. */
export const studentReach =
  (confidence: number): Reach =>
  (degrees) =>
    studentQuantile(1 - (1 - confidence) / 2, degrees);

/** The ratio of two figures, `next` over `base`, with Welch's interval. */
export function ratioOf(base: LogEstimate, next: LogEstimate, reach: Reach): Ratio {
  const difference = next.mean - base.mean;
  const value = Math.exp(difference);
  if (base.degrees === 0 || next.degrees === 0) return { value };
  const squaredError = base.squaredError + next.squaredError;
  if (squaredError === 0) return { value, interval: { low: value, high: value } };
  const degrees = squaredError ** 2 / (base.squaredError ** 2 / base.degrees + next.squaredError ** 2 / next.degrees);
  const halfWidth = reach(degrees) * Math.sqrt(squaredError);
  return { value, interval: { low: Math.exp(difference - halfWidth), high: Math.exp(difference + halfWidth) } };
}
