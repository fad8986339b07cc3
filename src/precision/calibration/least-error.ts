/** What one range is after another: each a share of the widest one. */
const shareTried = Array.from({ length: 100 }, (_, index) => 1 - index / 125);

/**
 * The range of a histogram, first and last part, whose form in 8 bits has the least squared error: numbers within it are
 * rounded (a uniform error of a step, so step squared / 12), those outside are cut off at its ends. Ranges shrink towards
 * the part of zero from both sides by the same share; zero itself is exact in each of them.
 */
export function leastSquaredError(counts: Float64Array, zero: number): readonly [first: number, last: number] {
  let best: readonly [number, number] = [0, counts.length - 1];
  let least = Number.POSITIVE_INFINITY;
  for (const share of shareTried) {
    const first = Math.round(zero - zero * share);
    const last = Math.round(zero + (counts.length - 1 - zero) * share);
    const error = squaredError(counts, zero, [first, last]);
    if (error < least) [least, best] = [error, [first, last]];
  }
  return best;
}

/** In parts squared. */
function squaredError(counts: Float64Array, zero: number, [first, last]: readonly [number, number]): number {
  const rounding = ((last + 1 - first) / 255) ** 2 / 12;
  let error = 0;
  for (let part = 0; part < counts.length; part++) {
    const count = counts[part] ?? 0;
    if (count === 0 || part === zero) continue;
    const outside = part < first ? first - part : Math.max(0, part - last);
    error += count * (outside === 0 ? rounding : outside ** 2);
  }
  return error;
}
