/** Ranges from so many parts on are tried: as many as 8 bits tell apart. */
const levels = 256;
/** Between one range that is tried and the next one: the divergence changes slowly. */
const stride = 16;

/**
 * The range of a histogram, first and last part, whose form in 8 bits loses the least: the Kullback-Leibler divergence of
 * the clipped histogram from what its 256 levels give back is smallest (S. Migacz, 8-bit Inference with TensorRT, GTC
 * 2017). Ranges grow from the part of zero to either side, so that zero stays within.
 */
export function leastDivergence(counts: Float64Array, zero: number): readonly [first: number, last: number] {
  let best: readonly [number, number] = [0, counts.length - 1];
  let least = Number.POSITIVE_INFINITY;
  const farthest = Math.max(zero, counts.length - 1 - zero);
  for (let reach = farthest; reach > 0; reach -= stride) {
    const [first, last] = [Math.max(0, zero - reach), Math.min(counts.length - 1, zero + reach)];
    if (last - first + 1 < levels) break;
    const divergence = divergenceOf(counts, first, last);
    if (divergence < least) [least, best] = [divergence, [first, last]];
  }
  return best;
}

/** Of the histogram, with what lies outside moved to the ends, from the one that 256 levels give back. */
function divergenceOf(counts: Float64Array, first: number, last: number): number {
  const inside = counts.slice(first, last + 1);
  const clipped = inside.slice();
  const outside = (from: number, to: number): number =>
    counts.subarray(from, to).reduce((sum, count) => sum + count, 0);
  clipped[0] = (clipped[0] ?? 0) + outside(0, first);
  clipped[clipped.length - 1] = (clipped.at(-1) ?? 0) + outside(last + 1, counts.length);
  const coarse = levelled(inside);
  const total = clipped.reduce((sum, count) => sum + count, 0);
  const coarseTotal = coarse.reduce((sum, count) => sum + count, 0);
  let divergence = 0;
  clipped.forEach((count, part) => {
    if (count === 0) return;
    // A part that the levels do not give back at all would cost infinitely much: it costs as if it had a little.
    const share = Math.max((coarse[part] ?? 0) / coarseTotal, 1e-10);
    divergence += (count / total) * Math.log(count / total / share);
  });
  return divergence;
}

/** Each level's numbers spread evenly over those of its parts that are not empty. */
function levelled(counts: Float64Array): Float64Array {
  const spread = new Float64Array(counts.length);
  for (let level = 0; level < levels; level++) {
    const from = Math.floor((level * counts.length) / levels);
    const to = Math.floor(((level + 1) * counts.length) / levels);
    const part = counts.subarray(from, to);
    const filled = part.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0);
    const mean = filled === 0 ? 0 : part.reduce((sum, count) => sum + count, 0) / filled;
    part.forEach((count, index) => {
      if (count > 0) spread[from + index] = mean;
    });
  }
  return spread;
}
