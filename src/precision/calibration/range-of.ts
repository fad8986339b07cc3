import type { Range } from '../rewrite/int8-static.js';
import { leastDivergence } from './least-divergence.js';
import { leastSquaredError } from './least-error.js';

/** How the range of a value is found from what it was while samples ran. */
export const calibrations = ['minmax', 'percentile', 'entropy', 'mse'] as const;

export type Calibration = (typeof calibrations)[number];

/** So few numbers may be cut off at either end. */
const cutShare = 0.00005;

/**
 * The range that a value is quantised to: all of its span; the span without the outermost 0.01 % of its numbers; or the one
 * whose quantised form differs least from the original, by relative entropy or by squared error. Values that are not counted have their span.
 *
 * @param counts in equal parts of the span
 */
export function rangeOf(span: Range, counts: Float64Array | undefined, calibration: Calibration): Range {
  if (counts === undefined || calibration === 'minmax' || !(span.high > span.low)) return span;
  const [first, last] = partsOf(counts, zeroPart(span, counts), calibration);
  const width = (span.high - span.low) / counts.length;
  return { low: span.low + first * width, high: span.low + (last + 1) * width };
}

function partsOf(counts: Float64Array, zero: number, calibration: Exclude<Calibration, 'minmax'>) {
  switch (calibration) {
    case 'percentile':
      return middleParts(counts);
    case 'entropy':
      return leastDivergence(counts, zero);
    case 'mse':
      return leastSquaredError(counts, zero);
  }
}

/** The parts, first and last, between which all but a few of the numbers lie. */
function middleParts(counts: Float64Array): readonly [first: number, last: number] {
  const most = counts.reduce((sum, count) => sum + count, 0) * cutShare;
  let first = 0;
  for (let cut = counts[0] ?? 0; cut <= most && first < counts.length - 1; cut += counts[first] ?? 0) first++;
  let last = counts.length - 1;
  for (let cut = counts[last] ?? 0; cut <= most && last > first; cut += counts[last] ?? 0) last--;
  return [first, last];
}

/** The part in which zero lies, or the one next to it. */
function zeroPart({ low, high }: Range, counts: Float64Array): number {
  const part = Math.floor((-low / (high - low)) * counts.length);
  return Math.max(0, Math.min(counts.length - 1, part));
}
