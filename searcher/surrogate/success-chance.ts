import type { Candidate, Trial } from '../../src/core/trial.js';
import { cholesky, type Lower, solveLower, solveUpper } from './cholesky.js';
import type { Features } from './features.js';

/** Before there are failures a measurement is expected to bring something with odds of e to the power of this. */
const expectedOdds = 2;
/** How much a coordinate may change the odds from one end to the other, and how little is known of the odds themselves. */
const slopeSpread = 8;
const oddsSpread = 2;
const iterations = 12;

/**
 * How likely a measurement brings anything, 0 to 1: a logistic regression on the coordinates with a prior, around the most likely
 * weights (Laplace's approximation: Bishop, Pattern Recognition and Machine Learning, section 4.5). What does not load has mostly too much of
 * something, so that odds which only rise or fall along a coordinate tell more from few failures than a function of any shape.
 */
export function successChanceOf(trials: readonly Trial[], features: Features): (candidate: Candidate) => number {
  if (trials.every(({ ok }) => ok)) return () => 1;
  const columnsOf = columnsBy(
    trials.map(({ candidate }) => features.of(candidate)),
    features,
  );
  const rows = trials.map((trial) => ({ columns: columnsOf(features.of(trial.candidate)), success: Number(trial.ok) }));
  const size = rows[0]?.columns.length ?? 1;
  const precisions = Array.from({ length: size }, (_, index) => (index === 0 ? oddsSpread : slopeSpread) ** -2);
  const weights = Float64Array.from({ length: size }, (_, index) => (index === 0 ? expectedOdds : 0));
  let curvature: Lower | undefined;
  for (let iteration = 0; iteration < iterations; iteration++) {
    const { slope, matrix } = derivatives(rows, weights, precisions);
    curvature = cholesky(matrix, size);
    if (curvature === undefined) break;
    const step = solveUpper(curvature, solveLower(curvature, slope));
    for (let index = 0; index < size; index++) {
      weights[index] = (weights[index] ?? 0) + Math.max(-2, Math.min(2, step[index] ?? 0));
    }
  }
  return (candidate) => {
    const columns = columnsOf(features.of(candidate));
    const half = curvature === undefined ? columns : solveLower(curvature, columns);
    return logistic(dot(columns, weights) / Math.sqrt(1 + (Math.PI / 8) * dot(half, half)));
  };
}

/** 1, the numeric coordinates around the middle, and for each category that was seen whether it is that one. */
function columnsBy(seen: readonly Float64Array[], { isCategorical }: Features): (point: Float64Array) => Float64Array {
  const columns = isCategorical.flatMap((categorical, index): ((point: Float64Array) => number)[] => {
    if (!categorical) return [(point) => Math.max(0, point[index] ?? 0) - 0.5];
    const values = [...new Set(seen.map((point) => point[index]))];
    return values.map((value) => (point) => Number(point[index] === value));
  });
  return (point) => Float64Array.from([1, ...columns.map((column) => column(point))]);
}

interface Row {
  readonly columns: Float64Array;
  readonly success: number;
}

/** Of the logarithm of the posterior: its slope, and the negative of its second derivatives. */
function derivatives(
  rows: readonly Row[],
  weights: Float64Array,
  precisions: readonly number[],
): { readonly slope: Float64Array; readonly matrix: Float64Array } {
  const size = weights.length;
  const slope = Float64Array.from(
    weights,
    (weight, index) => -(precisions[index] ?? 0) * (weight - (index === 0 ? expectedOdds : 0)),
  );
  const matrix = new Float64Array(size * size);
  for (const [index, precision] of precisions.entries()) matrix[index * size + index] = precision;
  for (const { columns, success } of rows) {
    const chance = logistic(dot(columns, weights));
    for (const [row, left] of columns.entries()) {
      slope[row] = (slope[row] ?? 0) + left * (success - chance);
      for (const [column, right] of columns.entries()) {
        matrix[row * size + column] = (matrix[row * size + column] ?? 0) + left * right * chance * (1 - chance);
      }
    }
  }
  return { slope, matrix };
}

const dot = (left: Float64Array, right: Float64Array): number =>
  left.reduce((sum, value, index) => sum + value * (right[index] ?? 0), 0);

const logistic = (value: number): number => 1 / (1 + Math.exp(-value));
