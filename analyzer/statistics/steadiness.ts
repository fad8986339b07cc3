import { meanOf, varianceOf } from './autocorrelation.js';
import { batchMeans, fewestValues, type Interval, lagOneCorrelation } from './batch-means.js';
import { studentQuantile } from './distributions.js';

/** Whether a series stays where it is. */
export type Steadiness =
  | { readonly verdict: 'steady'; readonly drift: Interval }
  /** `drift`: it goes up or down; `oscillation`: it goes up and down so slowly that its mean depends on when one looks. */
  | { readonly verdict: 'not-steady'; readonly reason: 'drift' | 'oscillation'; readonly drift: Interval }
  /** Too short, or too noisy, to say; without a drift when there are too few values for one. */
  | { readonly verdict: 'undecided'; readonly drift?: Interval };

/** So rarely is a series that drifts by the tolerance called steady, or one that does not drift at all called drifting. */
const errorChance = 0.01;

/**
 * Judges the means of 10 to 30 batches. Drift is the slope of a straight line through them times their number, relative to their
 * mean, with the interval of least squares at 99 %. Steady is what cannot drift by more than `tolerance`; drifting is what
 * surely drifts, and more than `tolerance` as far as one can see. Oscillation is a correlation of neighbouring batch means about that line that chance
 * has once in a hundred times (Bartlett: r > 2.33 / sqrt(batches)), with a spread of more than `tolerance`.
 *
 * @param tolerance a share of the mean, e.g. 0.1
 */
export function judgeSteadiness(series: ArrayLike<number>, tolerance: number): Steadiness {
  if (series.length < fewestValues) return { verdict: 'undecided' };
  const batches = batchMeans(series);
  const line = lineThrough(batches);
  const { drift, residuals, slopeError } = line;
  const mean = Math.abs(meanOf(batches));
  if (mean === 0) return { verdict: 'undecided' };
  const r = lagOneCorrelation(residuals);
  const isCorrelated = r > 2.33 / Math.sqrt(batches.length);
  const widened = slopeError * (isCorrelated ? Math.sqrt((1 + r) / (1 - Math.min(0.95, r))) : 1);
  const reach = studentQuantile(1 - errorChance / 2, batches.length - 2) * widened;
  const interval = { low: (drift - reach) / mean, high: (drift + reach) / mean };
  if ((interval.low > 0 || interval.high < 0) && Math.abs(drift) > tolerance * mean) {
    return { verdict: 'not-steady', reason: 'drift', drift: interval };
  }
  const spread = Math.max(...residuals) - Math.min(...residuals);
  if (isCorrelated && spread > tolerance * mean) {
    return { verdict: 'not-steady', reason: 'oscillation', drift: interval };
  }
  const isWithin = interval.low >= -tolerance && interval.high <= tolerance;
  return { verdict: isWithin ? 'steady' : 'undecided', drift: interval };
}

/** Least squares over the index: the rise over all of the series, its standard error, and what is left. */
function lineThrough(values: Float64Array): { drift: number; slopeError: number; residuals: Float64Array } {
  const count = values.length;
  const middle = (count - 1) / 2;
  const spread = (count * (count * count - 1)) / 12; // of the indices: the sum of their squared distances from the middle
  const mean = meanOf(values);
  let products = 0;
  for (let index = 0; index < count; index++) products += (index - middle) * ((values[index] ?? 0) - mean);
  const slope = products / spread;
  const residuals = values.map((value, index) => value - mean - slope * (index - middle));
  const deviation = Math.sqrt((varianceOf(residuals) * count) / (count - 2));
  return { drift: slope * count, slopeError: (count * deviation) / Math.sqrt(spread), residuals };
}
