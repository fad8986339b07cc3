import type { Random } from '../../src/core/random.js';
import { cholesky, type Lower, solveLower, solveUpper } from './cholesky.js';
import { type Coordinates, covariancesOf, gapBetween, type Part, partOf, type Shares } from './kernel.js';

/** What is believed of a value: a normal distribution, without the noise of a measurement. */
export interface Belief {
  readonly mean: number;
  readonly deviation: number;
}

/**
 * Logarithms: a length for each coordinate, the deviation of what coordinates do together, that of what each does by itself, and
 * that of a single measurement.
 */
export type Hyperparameters = readonly number[];

export interface GaussianProcess {
  readonly hyperparameters: Hyperparameters;
  /** Standard deviation of the noise of one measurement. */
  readonly noise: number;
  predict(point: Float64Array): Belief;
}

export interface Observations {
  readonly points: readonly Float64Array[];
  readonly values: readonly number[];
  /** The variance of each value as a share of that of a single measurement; 1 unless given. */
  readonly noiseShares?: readonly number[];
}

export interface FitOptions {
  readonly features: Coordinates;
  readonly random: Random;
  /** What the function is expected to deviate from 0 by, and a measurement from the function. */
  readonly expected: { readonly deviation: number; readonly noise: number };
  /** Where to start, and how many other hyperparameters to try. */
  readonly start?: Hyperparameters | undefined;
  readonly attempts: number;
}

/** Prior of a logarithm of a length: a function that changes over most of the range, or hardly depends on the coordinate at all. */
const expectedLength = Math.log(0.9);
const lengthSpread = 1.1;
const deviationSpread = 0.6;
const noiseSpread = 0.8;

/**
 * Gaussian process regression around 0: a sum of what each coordinate does by itself, which few measurements tell, and of what they do
 * together; Matern 5/2 kernels, one length a coordinate (additive kernels: Duvenaud, Nickisch and Rasmussen 2011). Hyperparameters have
 * priors and are the best of a random search around the best so far (Rasmussen and Williams, Gaussian Processes for Machine Learning,
 * chapters 2, 4 and 5).
 */
export function fitGaussianProcess(observations: Observations, options: FitOptions): GaussianProcess {
  const prior = priorOf(options);
  const covariance = covarianceBy(observations, options.features);
  let best = options.start ?? prior.map(({ mean }) => mean);
  let bestFit = fitWith(observations, covariance(best));
  let bestScore = scoreOf(bestFit, best, prior);
  let width = 0.8;
  for (let attempt = 0; attempt < options.attempts; attempt++) {
    const which = Math.floor(options.random() * (best.length + 1));
    const tried = best.map((value, index) =>
      which === best.length || which === index ? value + width * 2 * (options.random() - 0.5) : value,
    );
    const fit = fitWith(observations, covariance(tried));
    const score = scoreOf(fit, tried, prior);
    width *= score > bestScore ? 1.3 : 0.97;
    if (score <= bestScore) continue;
    [best, bestFit, bestScore] = [tried, fit, score];
  }
  return processOf(observations, best, { ...options, fit: bestFit });
}

type Prior = readonly { readonly mean: number; readonly spread: number }[];

const priorOf = ({ features, expected }: FitOptions): Prior => [
  ...Array.from({ length: features.size }, () => ({ mean: expectedLength, spread: lengthSpread })),
  { mean: Math.log(expected.deviation * Math.SQRT1_2), spread: deviationSpread },
  { mean: Math.log(expected.deviation * Math.SQRT1_2), spread: deviationSpread },
  { mean: Math.log(expected.noise), spread: noiseSpread },
];

interface Fit {
  readonly lower: Lower;
  /** K^-1 y. */
  readonly weights: Float64Array;
  readonly logLikelihood: number;
}

function fitWith({ points, values }: Observations, covariance: Float64Array): Fit | undefined {
  const lower = cholesky(covariance, points.length);
  if (lower === undefined) return undefined;
  const half = solveLower(lower, Float64Array.from(values));
  const logLikelihood = half.reduce(
    (sum, value, row) => sum - 0.5 * value ** 2 - Math.log(lower.rows[row * points.length + row] ?? 1),
    0,
  );
  return { lower, weights: solveUpper(lower, half), logLikelihood };
}

/** The lower half of the covariance by hyperparameters. What a coordinate contributes is computed once for each length that is tried. */
function covarianceBy(
  { points, noiseShares }: Observations,
  { size, isCategorical }: Coordinates,
): (hyperparameters: Hyperparameters) => Float64Array {
  const count = points.length;
  const pairCount = (count * (count - 1)) / 2;
  const partBy = Array.from({ length: size }, (_, index) => {
    const gaps = new Float64Array(pairCount);
    let pair = 0;
    for (const [row, left] of points.entries()) {
      for (let column = 0; column < row; column++) {
        gaps[pair++] = gapBetween(left[index] ?? 0, points[column]?.[index] ?? 0, isCategorical[index]);
      }
    }
    return remembered((length) => partOf(gaps, length));
  });
  return (hyperparameters) => {
    const shares = sharesOf(hyperparameters, size);
    const parts = partBy.map((part, index) => part(hyperparameters[index] ?? 0));
    const covariances = covariancesOf(parts, shares, pairCount);
    const noise = Math.exp(2 * (hyperparameters.at(-1) ?? 0));
    const matrix = new Float64Array(count * count);
    for (let row = 0; row < count; row++) {
      const before = (row * (row - 1)) / 2;
      matrix.set(covariances.subarray(before, before + row), row * count);
      matrix[row * count + row] = varianceOf(shares, size) + noise * (noiseShares?.[row] ?? 1) + 1e-10;
    }
    return matrix;
  };
}

function remembered<Value>(of: (key: number) => Value): (key: number) => Value {
  const known = new Map<number, Value>();
  return (key) => {
    const value = known.get(key) ?? of(key);
    known.set(key, value);
    return value;
  };
}

function scoreOf(fit: Fit | undefined, hyperparameters: Hyperparameters, prior: Prior): number {
  if (fit === undefined) return Number.NEGATIVE_INFINITY;
  return hyperparameters.reduce((score, value, index) => {
    const { mean = 0, spread = 1 } = prior[index] ?? {};
    return score - 0.5 * ((value - mean) / spread) ** 2;
  }, fit.logLikelihood);
}

const sharesOf = (hyperparameters: Hyperparameters, size: number): Shares => ({
  together: Math.exp(2 * (hyperparameters[size] ?? 0)),
  each: Math.exp(2 * (hyperparameters[size + 1] ?? 0)) / size,
});

/** Of the function anywhere. */
const varianceOf = ({ together, each }: Shares, size: number): number => together + size * each;

function processOf(
  { points }: Observations,
  hyperparameters: Hyperparameters,
  { features: { size, isCategorical }, fit }: FitOptions & { readonly fit: Fit | undefined },
): GaussianProcess {
  const shares = sharesOf(hyperparameters, size);
  const variance = varianceOf(shares, size);
  // The points to predict are those of a grid: a coordinate has few values.
  const partBy = Array.from({ length: size }, (_, index) =>
    remembered((value): Part => {
      const gaps = Float64Array.from(points, (point) => gapBetween(value, point[index] ?? 0, isCategorical[index]));
      return partOf(gaps, hyperparameters[index] ?? 0);
    }),
  );
  return {
    hyperparameters,
    noise: Math.exp(hyperparameters.at(-1) ?? 0),
    predict: (point) => {
      if (fit === undefined) return { mean: 0, deviation: Math.sqrt(variance) };
      const parts = partBy.map((part, index) => part(point[index] ?? 0));
      const shared = covariancesOf(parts, shares, points.length);
      const half = solveLower(fit.lower, shared);
      let mean = 0;
      let left = variance;
      for (let index = 0; index < shared.length; index++) {
        mean += (shared[index] ?? 0) * (fit.weights[index] ?? 0);
        left -= (half[index] ?? 0) ** 2;
      }
      return { mean, deviation: Math.sqrt(Math.max(left, 1e-12)) };
    },
  };
}
