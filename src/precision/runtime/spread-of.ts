import type { Span, Spread } from './session-messages.js';

/** In how many parts a span is counted: as many as calibration commonly uses. */
const spreadParts = 2048;
/** Of more numbers than that, so many are counted, from all over: their form is the same. */
const mostCounted = 2 ** 16;
/** A prime far from the sizes of tensors, so that the numbers that are counted lie in all rows and channels. */
const stride = 1_000_003;

/**
 * How numbers are spread; those that are not finite are left out.
 *
 * @param span counts in equal parts of it, all numbers or a sample of them; what lies outside counts in the outermost ones
 */
export function spreadOf(values: Float32Array, span?: Span): Spread {
  if (span === undefined) return spanOf(values);
  const counts = new Float64Array(spreadParts);
  const perUnit = span.high > span.low ? spreadParts / (span.high - span.low) : 0;
  const count = Math.min(values.length, mostCounted);
  for (let index = 0; index < count; index++) {
    const place = count < values.length ? (index * stride) % values.length : index;
    const part = Math.floor(((values[place] ?? 0) - span.low) * perUnit);
    const known = Math.max(0, Math.min(spreadParts - 1, part)); // NaN stays NaN, and is no index.
    if (!Number.isNaN(known)) counts[known] = (counts[known] ?? 0) + 1;
  }
  return { ...span, counts };
}

/** 0 to 0 when there is no finite number. */
function spanOf(values: Float32Array): Span {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < values.length; index++) {
    const value = values[index] ?? 0;
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? { low, high } : { low: 0, high: 0 };
}
