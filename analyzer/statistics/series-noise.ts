/** The median; of an even number of values the mean of the two in the middle; 0 of none. */
export function medianOf(values: readonly number[]): number {
  const ordered = values.toSorted((left, right) => left - right);
  const middle = ordered.length >> 1;
  const upper = ordered[middle] ?? 0;
  return ordered.length % 2 === 1 ? upper : ((ordered[middle - 1] ?? upper) + upper) / 2;
}

/** The median of |X| for a standard normal X. */
const normalMedian = 0.6744897501960817;

/**
 * The standard deviation of the noise of a series, from the median of the absolute differences of neighbours, which neither
 * level shifts nor outliers disturb. Exact for normal noise, in the mean.
 */
export function noiseOf(values: readonly number[]): number {
  const steps = values.slice(1).map((value, index) => Math.abs(value - (values[index] ?? value)));
  return medianOf(steps) / normalMedian / Math.SQRT2;
}
