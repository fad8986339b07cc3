import { meanOf, varianceOf } from './autocorrelation.js';
import { studentQuantile } from './distributions.js';
import type { Ratio } from './ratio-interval.js';

/**
 * How many times larger `next` is than `base` where both were measured in turn: what slows a whole round down slows both, and
 * drops out of the difference of their logarithms, whose interval is Student's.
 *
 * @param base positive numbers, one a round
 * @param next as many
 * @param confidence a share, e.g. 0.95
 */
export function pairedRatio(base: readonly number[], next: readonly number[], confidence: number): Ratio {
  const differences = base.map((value, round) => Math.log((next[round] ?? Number.NaN) / value));
  const mean = meanOf(differences);
  const rounds = differences.length;
  if (rounds < 2) return { value: Math.exp(mean) };
  const error = Math.sqrt(varianceOf(differences) / (rounds - 1));
  const halfWidth = studentQuantile(1 - (1 - confidence) / 2, rounds - 1) * error;
  return { value: Math.exp(mean), interval: { low: Math.exp(mean - halfWidth), high: Math.exp(mean + halfWidth) } };
}
