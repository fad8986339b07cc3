import { blockMeans } from './autocorrelation.js';

/** Without it, noise moves the cut of one step in twenty by more than 5 batches. */
const defaultLeniency = 0.08;

/**
 * The warm-up of a series by MSER-5 (White, "An Effective Truncation Heuristic", Simulation 69, 1997; Hoad, Robinson and Davies,
 * WSC 2008): of the means of batches of 5, leave out the first d so that the squared standard error of the mean of the others is
 * smallest: (1 / (n - d)^2) x the sum of squares about their mean. At most half of the series is left out.
 *
 * @returns so many values at the beginning belong to the warm-up: whole batches
 * @param options.leniency of the cuts with a squared error up to so much larger than the smallest, a share, the earliest is taken
 */
export function mserCut(
  series: ArrayLike<number>,
  { batchSize = 5, leniency = defaultLeniency }: { readonly batchSize?: number; readonly leniency?: number } = {},
): number {
  const batches = blockMeans(series, batchSize);
  const latest = Math.floor(batches.length / 2);
  let count = 0;
  let mean = 0;
  let squares = 0;
  const errors = new Float64Array(latest + 1);
  let smallest = Number.POSITIVE_INFINITY;
  for (let index = batches.length - 1; index >= 0; index--) {
    const value = batches[index] ?? 0;
    count++;
    const delta = value - mean;
    mean += delta / count;
    squares += delta * (value - mean); // Welford's update, from the end
    if (index > latest) continue;
    errors[index] = squares / count ** 2;
    smallest = Math.min(smallest, squares / count ** 2);
  }
  const best = Math.max(
    0,
    errors.findIndex((error) => error <= smallest * (1 + leniency)),
  );
  return best * batchSize;
}
