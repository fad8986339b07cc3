import type { Span, Spread } from './session-messages.js';

/** In how many parts a span is counted: as many as calibration commonly uses. */
const spreadParts = 2048;

/**
 * How numbers are spread; those that are not finite are left out.
 *
 * @param span counts in equal parts of it; what lies outside counts in the outermost ones
 */
export function spreadOf(values: Float32Array, span?: Span): Spread {
  if (span === undefined) return spanOf(values);
  const counts = new Float64Array(spreadParts);
  const perUnit = span.high > span.low ? spreadParts / (span.high - span.low) : 0;
  for (let index = 0; index < values.length; index++) {
    const part = Math.floor(((values[index] ?? 0) - span.low) * perUnit);
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
