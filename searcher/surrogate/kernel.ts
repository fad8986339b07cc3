import type { Features } from './features.js';

/** How many coordinates there are, and which of them are only equal or not. */
export type Coordinates = Pick<Features, 'size' | 'isCategorical'>;

/** What one coordinate contributes to the covariances of some pairs of points, before they are put together. */
export interface Part {
  /** Distances in lengths times the root of 5, squared. */
  readonly squared: Float64Array;
  /** Matern 5/2 of the coordinate alone. */
  readonly alone: Float64Array;
}

/** The distance of two points in one coordinate. */
export function gapBetween(left: number, right: number, isCategorical: boolean | undefined): number {
  const gap = Math.abs(left - right);
  return isCategorical === true && gap !== 0 ? 1 : gap;
}

/** The contributions of a coordinate with the logarithm of a length, for pairs that are so far apart in it. */
export function partOf(gaps: Float64Array, length: number): Part {
  const scale = Math.sqrt(5) * Math.exp(-length);
  const squared = new Float64Array(gaps.length);
  const alone = new Float64Array(gaps.length);
  for (let pair = 0; pair < gaps.length; pair++) {
    const scaled = scale * (gaps[pair] ?? 0);
    squared[pair] = scaled * scaled;
    alone[pair] = matern(scaled);
  }
  return { squared, alone };
}

/** How much coordinates do together, and how much each does by itself: variances. */
export interface Shares {
  readonly together: number;
  readonly each: number;
}

/** The covariances of the pairs. */
export function covariancesOf(parts: readonly Part[], { together, each }: Shares, pairCount: number): Float64Array {
  const squares = new Float64Array(pairCount);
  const alone = new Float64Array(pairCount);
  for (const part of parts) {
    for (let pair = 0; pair < pairCount; pair++) {
      squares[pair] = (squares[pair] ?? 0) + (part.squared[pair] ?? 0);
      alone[pair] = (alone[pair] ?? 0) + (part.alone[pair] ?? 0);
    }
  }
  for (let pair = 0; pair < pairCount; pair++) {
    alone[pair] = together * matern(Math.sqrt(squares[pair] ?? 0)) + each * (alone[pair] ?? 0);
  }
  return alone;
}

const matern = (scaled: number): number =>
  scaled === 0 ? 1 : (1 + scaled + (scaled * scaled) / 3) * Math.exp(-scaled);
