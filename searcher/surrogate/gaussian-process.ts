import type { Random } from '../../src/core/random.js';
import { cholesky, type Lower, solveLower, solveUpper } from './cholesky.js';
import type { Features } from './features.js';

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
  readonly features: Pick<Features, 'size' | 'isCategorical'>;
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
  let best = options.start ?? prior.map(({ mean }) => mean);
  let bestFit = fitWith(observations, best, options.features);
  let bestScore = scoreOf(bestFit, best, prior);
  let width = 0.8;
  for (let attempt = 0; attempt < options.attempts; attempt++) {
    const which = Math.floor(options.random() * (best.length + 1));
    const tried = best.map((value, index) =>
      which === best.length || which === index ? value + width * 2 * (options.random() - 0.5) : value,
    );
    const fit = fitWith(observations, tried, options.features);
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

function fitWith(
  observations: Observations,
  hyperparameters: Hyperparameters,
  features: FitOptions['features'],
): Fit | undefined {
  const { points, values } = observations;
  const lower = cholesky(covariance(observations, hyperparameters, features), points.length);
  if (lower === undefined) return undefined;
  const half = solveLower(lower, Float64Array.from(values));
  const logLikelihood = half.reduce(
    (sum, value, row) => sum - 0.5 * value ** 2 - Math.log(lower.rows[row * points.length + row] ?? 1),
    0,
  );
  return { lower, weights: solveUpper(lower, half), logLikelihood };
}

/** The lower half of it. */
function covariance(
  { points, noiseShares }: Observations,
  hyperparameters: Hyperparameters,
  features: FitOptions['features'],
): Float64Array {
  const kernel = kernelOf(hyperparameters, features);
  const noise = Math.exp(2 * (hyperparameters.at(-1) ?? 0));
  const matrix = new Float64Array(points.length ** 2);
  for (const [row, left] of points.entries()) {
    for (let column = 0; column <= row; column++) {
      const value = kernel(left, points[column] ?? left);
      matrix[row * points.length + column] = row === column ? value + noise * (noiseShares?.[row] ?? 1) + 1e-10 : value;
    }
  }
  return matrix;
}

function scoreOf(fit: Fit | undefined, hyperparameters: Hyperparameters, prior: Prior): number {
  if (fit === undefined) return Number.NEGATIVE_INFINITY;
  return hyperparameters.reduce((score, value, index) => {
    const { mean = 0, spread = 1 } = prior[index] ?? {};
    return score - 0.5 * ((value - mean) / spread) ** 2;
  }, fit.logLikelihood);
}

function kernelOf(hyperparameters: Hyperparameters, { size, isCategorical }: FitOptions['features']) {
  const scales = hyperparameters.slice(0, size).map((length) => Math.sqrt(5) * Math.exp(-length));
  const together = Math.exp(2 * (hyperparameters[size] ?? 0));
  const each = Math.exp(2 * (hyperparameters[size + 1] ?? 0)) / size;
  return (left: Float64Array, right: Float64Array): number => {
    let squared = 0;
    let alone = 0;
    for (let index = 0; index < size; index++) {
      const gap = Math.abs((left[index] ?? 0) - (right[index] ?? 0));
      const distance = isCategorical[index] === true && gap !== 0 ? 1 : gap;
      const scaled = distance * (scales[index] ?? 1);
      squared += scaled ** 2;
      alone += matern(scaled);
    }
    return together * matern(Math.sqrt(squared)) + each * alone;
  };
}

const matern = (scaled: number): number => (scaled === 0 ? 1 : (1 + scaled + scaled ** 2 / 3) * Math.exp(-scaled));

/** Of the function anywhere. */
const varianceOf = (hyperparameters: Hyperparameters, size: number): number =>
  Math.exp(2 * (hyperparameters[size] ?? 0)) + Math.exp(2 * (hyperparameters[size + 1] ?? 0));

function processOf(
  { points }: Observations,
  hyperparameters: Hyperparameters,
  { features, fit }: FitOptions & { readonly fit: Fit | undefined },
): GaussianProcess {
  const kernel = kernelOf(hyperparameters, features);
  const variance = varianceOf(hyperparameters, features.size);
  return {
    hyperparameters,
    noise: Math.exp(hyperparameters.at(-1) ?? 0),
    predict: (point) => {
      if (fit === undefined) return { mean: 0, deviation: Math.sqrt(variance) };
      const shared = Float64Array.from(points, (other) => kernel(point, other));
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
