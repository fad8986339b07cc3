import type { Candidate } from '../../src/core/trial.js';
import { cholesky, solveLower, solveUpper } from '../surrogate/cholesky.js';
import { type Effects, fixedParameters, predictThroughput, type ServiceParameters } from './service-model.js';
import type { ComeBack } from './simulate-batcher.js';

/** A candidate and the throughput that it reached, in inferences a second. */
export interface Served {
  readonly candidate: Candidate;
  readonly throughput: number;
}

/** How far the simulator is expected to be off, relatively: what a queue of equal executions cannot explain. */
const modelError = 0.1;
const iterations = 6;
const difference = 0.03;

export interface FitServiceOptions {
  /** The parameters of an earlier fit. */
  readonly start?: ServiceParameters | undefined;
  readonly comeBack?: ComeBack;
}

/**
 * The service parameters that explain the measurements best: Levenberg and Marquardt on the logarithm of throughput, with a
 * prior for each parameter, so that few measurements suffice.
 */
export function fitService(
  served: readonly Served[],
  effects: Effects,
  { start, comeBack = 'apart' }: FitServiceOptions = {},
): ServiceParameters | undefined {
  const usable = served.filter(({ throughput }) => throughput > 0);
  if (usable.length === 0) return undefined;
  const prior = priorOf(usable, effects);
  const problem = { served: usable, effects, prior, comeBack };
  const first = start ?? prior.map(({ mean }) => mean);
  let best = guessAt(first, problem);
  let damping = 0.1;
  for (let iteration = 0; iteration < iterations; iteration++) {
    const next = improve(best, damping, problem);
    const hasSettled = next !== undefined && best.cost - next.cost < 1e-3 * next.cost;
    damping *= next === undefined ? 5 : 0.3;
    best = next ?? best;
    if (hasSettled) break;
  }
  return best.parameters;
}

interface Guess {
  readonly parameters: ServiceParameters;
  readonly residuals: readonly number[];
  readonly cost: number;
}

function guessAt(parameters: ServiceParameters, problem: Problem): Guess {
  const values = residuals(parameters, problem);
  return { parameters, residuals: values, cost: costOf(values) };
}

/** A step away, if that is better. */
function improve(guess: Guess, damping: number, problem: Problem): Guess | undefined {
  const moved = step(guess, damping, problem);
  if (moved === undefined) return undefined;
  const next = guessAt(moved, problem);
  return next.cost < guess.cost ? next : undefined;
}

interface Problem {
  readonly served: readonly Served[];
  readonly effects: Effects;
  readonly comeBack: ComeBack;
  readonly prior: readonly { readonly mean: number; readonly spread: number }[];
}

/** A request alone takes a share of its time in each part; instances share some of the machine; effects may not be there. */
function priorOf(served: readonly Served[], effects: Effects): Problem['prior'] {
  const longest = Math.max(...served.map(({ throughput }) => 1 / throughput));
  return [
    { mean: Math.log(0.4 * longest), spread: 1.5 },
    { mean: Math.log(0.3 * longest), spread: 1.5 },
    { mean: Math.log(0.2 * longest), spread: 1 },
    { mean: 0.2, spread: 0.3 },
    { mean: Math.log(4), spread: 1 },
    ...Array.from({ length: effects.count }, () => ({ mean: 0, spread: 0.7 })),
  ];
}

function residuals(parameters: ServiceParameters, { served, effects, comeBack, prior }: Problem): number[] {
  return [
    ...served.map(({ candidate, throughput }) => {
      const predicted = predictThroughput(parameters, candidate, effects, comeBack);
      return Math.log(Math.max(predicted, 1e-9) / throughput) / modelError;
    }),
    ...prior.map(({ mean, spread }, index) => ((parameters[index] ?? 0) - mean) / spread),
  ];
}

/** Large residuals count linearly: what the model cannot explain must not bend it. */
const costOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + (Math.abs(value) < 3 ? value ** 2 : 6 * Math.abs(value) - 9), 0);

const influence = (value: number): number => (Math.abs(value) < 3 ? 1 : 3 / Math.abs(value));

/** Solves (J' J + damping x diagonal) x step = -J' r. */
function step(
  { parameters, residuals: base }: Guess,
  damping: number,
  problem: Problem,
): ServiceParameters | undefined {
  const size = fixedParameters + problem.effects.count;
  const weights = base.map((value, index) => (index < problem.served.length ? influence(value) : 1));
  const columns = parameters.map((_, which) => {
    const moved = parameters.map((value, index) => (index === which ? value + difference : value));
    return residuals(moved, problem).map((value, index) => (value - (base[index] ?? 0)) / difference);
  });
  const dot = (left: readonly number[], right: readonly number[]): number =>
    left.reduce((sum, value, index) => sum + value * (right[index] ?? 0) * (weights[index] ?? 1), 0);
  const normal = new Float64Array(size * size);
  for (const [row, left] of columns.entries()) {
    for (const [column, right] of columns.entries()) normal[row * size + column] = dot(left, right);
    normal[row * size + row] = (normal[row * size + row] ?? 0) * (1 + damping);
  }
  const lower = cholesky(normal, size);
  if (lower === undefined) return undefined;
  const right = Float64Array.from(columns, (column) => -dot(column, base));
  const change = solveUpper(lower, solveLower(lower, right));
  return parameters.map((value, index) => value + Math.max(-1, Math.min(1, change[index] ?? 0)));
}
