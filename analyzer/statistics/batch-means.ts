import { blockMeans, meanOf, varianceOf } from './autocorrelation.js';
import { studentQuantile } from './distributions.js';

/** Two bounds, in the unit of the figure. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** More batches gain next to nothing, fewer hide less correlation (Schmeiser, "Batch Size Effects", Operations Research 30, 1982). */
const mostBatches = 30;
const fewestBatches = 10;
/** With fewer values there is no interval. */
export const fewestValues = 2 * fewestBatches;

/**
 * The interval of the mean of a series whose values depend on their neighbours: means of long batches hardly do, so that theirs is
 * mean +- t(batches - 1) x deviation of the batch means / sqrt(batches) (Law, "Simulation Modeling and Analysis", 9.5.3). Where batch means are
 * correlated all the same, their variance is widened as that of an autoregressive series, by (1 + r) / (1 - r).
 *
 * @param confidence a share, e.g. 0.95
 * @returns absent with fewer than `fewestValues` values
 */
export function meanInterval(series: ArrayLike<number>, confidence: number): Interval | undefined {
  if (series.length < fewestValues) return undefined;
  const batches = batchMeans(series);
  const mean = meanOf(series);
  const variance = (varianceOf(batches) * batches.length) / (batches.length - 1);
  const t = studentQuantile((1 + confidence) / 2, batches.length - 1);
  const halfWidth = t * Math.sqrt((variance / batches.length) * widening(batches));
  return { low: mean - halfWidth, high: mean + halfWidth };
}

/**
 * The interval of a rate, from the gaps between events: a rate is 1 / the mean gap.
 *
 * @returns events per unit of the gaps; absent with too few gaps, or when the rate has no upper bound
 */
export function rateInterval(gaps: ArrayLike<number>, confidence: number): Interval | undefined {
  const gap = meanInterval(gaps, confidence);
  return gap === undefined || gap.low <= 0 ? undefined : { low: 1 / gap.high, high: 1 / gap.low };
}

/** Means of 10 to 30 batches of the same size, as long as can be. */
export function batchMeans(series: ArrayLike<number>): Float64Array {
  const count = Math.max(fewestBatches, Math.min(mostBatches, Math.floor(Math.sqrt(series.length))));
  const size = Math.floor(series.length / count);
  const means = blockMeans(series, size);
  return means.subarray(means.length - count);
}

/** 1 unless neighbouring batch means are correlated by more than chance has it (one in twenty). */
function widening(batches: ArrayLike<number>): number {
  const r = lagOneCorrelation(batches);
  return r > 1.645 / Math.sqrt(batches.length) ? (1 + r) / (1 - Math.min(0.95, r)) : 1;
}

/** The correlation of each value with the one before; 0 for a constant series. */
export function lagOneCorrelation(series: ArrayLike<number>): number {
  const mean = meanOf(series);
  const variance = varianceOf(series);
  if (!(variance > 0)) return 0;
  let sum = 0;
  for (let index = 1; index < series.length; index++) {
    sum += ((series[index] ?? 0) - mean) * ((series[index - 1] ?? 0) - mean);
  }
  return sum / series.length / variance;
}
