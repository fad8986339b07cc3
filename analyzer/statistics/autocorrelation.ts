/** A series with more values than this is averaged in blocks first, so that the work stays small. */
const largestSeries = 4096;
/** Below this the lags say nothing. */
const smallestSeries = 16;
/** No series is taken for more than a thousand times as regular as an independent one. */
const smallestInflation = 0.001;

/**
 * How many times larger the variance of the mean of a series is than that of as many independent values: 1 + 2 x the sum of its
 * autocorrelations. Lags are summed in pairs while a pair is positive (Geyer, "Practical Markov Chain Monte Carlo",
 * Statistical Science 7, 1992: the initial positive sequence).
 *
 * @returns 1 for a series that is constant, or too short to say
 */
export function varianceInflation(series: ArrayLike<number>): number {
  const size = Math.ceil(series.length / largestSeries);
  const blocks = blockMeans(series, size);
  const blockVariance = varianceOf(blocks);
  const variance = size === 1 ? blockVariance : varianceOf(series);
  if (blocks.length < smallestSeries || !(blockVariance > 0)) return 1;
  return Math.max(smallestInflation, ((size * blockVariance) / variance) * inflationOf(blocks, blockVariance));
}

/** How many independent values would say as much about the mean as this series: n / inflation. */
export const effectiveSampleSize = (series: ArrayLike<number>): number => series.length / varianceInflation(series);

function inflationOf(series: Float64Array, variance: number): number {
  const mean = meanOf(series);
  const centred = series.map((value) => value - mean);
  let pairs = 0;
  for (let lag = 0; lag + 1 < series.length / 2; lag += 2) {
    const pair = productsAt(centred, lag) / series.length / variance;
    if (pair <= 0) break;
    pairs += pair;
  }
  return 2 * pairs - 1;
}

/** The sums of the products of values that lie `lag`, and `lag + 1`, apart. */
function productsAt(centred: Float64Array, lag: number): number {
  let sum = (centred[lag] ?? 0) * (centred[0] ?? 0);
  for (let index = lag + 1; index < centred.length; index++) {
    sum += (centred[index] ?? 0) * ((centred[index - lag] ?? 0) + (centred[index - lag - 1] ?? 0));
  }
  return sum;
}

/** Means of consecutive blocks of a size; what is left at the end is left out. */
export function blockMeans(series: ArrayLike<number>, size: number): Float64Array {
  const blocks = new Float64Array(Math.floor(series.length / Math.max(1, size)));
  for (let block = 0; block < blocks.length; block++) {
    let sum = 0;
    for (let index = block * size; index < (block + 1) * size; index++) sum += series[index] ?? 0;
    blocks[block] = sum / size;
  }
  return blocks;
}

/** 0 for an empty series. */
export function meanOf(series: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < series.length; index++) sum += series[index] ?? 0;
  return series.length === 0 ? 0 : sum / series.length;
}

/** The mean square of the deviations from the mean. */
export function varianceOf(series: ArrayLike<number>): number {
  const mean = meanOf(series);
  let squares = 0;
  for (let index = 0; index < series.length; index++) squares += ((series[index] ?? 0) - mean) ** 2;
  return series.length === 0 ? 0 : squares / series.length;
}
