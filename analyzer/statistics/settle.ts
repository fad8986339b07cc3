import { mserCut } from './mser-cut.js';
import { judgeSteadiness, type Steadiness } from './steadiness.js';

/** A series without its warm-up. */
export interface Settled {
  /** So many values at the beginning are the warm-up. */
  readonly cut: number;
  /** Of the others. */
  readonly steadiness: Steadiness;
}

/**
 * Cuts the warm-up off and judges the rest. The lenient cut suits a step; a warm-up that fades slowly shows in what is left, and is
 * cut where the error is smallest.
 *
 * @param tolerance a share of the mean
 */
export function settle(series: Float64Array, tolerance: number, batchSize = 5): Settled {
  const lenient = settleAt(series, tolerance, mserCut(series, { batchSize }));
  if (lenient.steadiness.verdict !== 'not-steady') return lenient;
  return settleAt(series, tolerance, mserCut(series, { batchSize, leniency: 0 }));
}

const settleAt = (series: Float64Array, tolerance: number, cut: number): Settled => ({
  cut,
  steadiness: judgeSteadiness(series.subarray(cut), tolerance),
});
