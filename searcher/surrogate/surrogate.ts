import { deriveSeed, seededRandom } from '../../src/core/random.js';
import { type Candidate, candidateKey, type Metrics, type Trial } from '../../src/core/trial.js';
import type { Features } from './features.js';
import { type Belief, fitGaussianProcess, type GaussianProcess, type Hyperparameters } from './gaussian-process.js';
import type { Quantity } from './quantities.js';

/** What is believed of all candidates after some measurements. */
export interface Surrogate {
  /** One for each quantity, on its scale. */
  beliefs(candidate: Candidate): readonly Belief[];
  /** How likely a measurement of the candidate brings anything, 0 to 1. */
  successChance(candidate: Candidate): number;
  /** How well a trial that it has not seen was foreseen: the logarithm of its density; 0 for one that brought nothing. */
  logDensity(trial: Trial): number;
  /** To start the next fit from. */
  readonly hyperparameters: readonly Hyperparameters[];
}

/** The throughput of a candidate, in inferences a second, as a model other than the surrogate sees it. */
export type ExpectThroughput = (candidate: Candidate) => number;

export interface SurrogateOptions {
  readonly features: Features;
  readonly quantities: readonly Quantity[];
  readonly seed: number;
  /** The hyperparameters of the fit before this one. */
  readonly start?: readonly Hyperparameters[] | undefined;
  readonly expectThroughput?: ExpectThroughput | undefined;
}

/** Relative noise of a measurement, as long as nothing is known of it. */
const expectedNoise = 0.02;
/** Few measurements are explained well by any model, which says little of the others. */
const leastDeviation = 0.25;

/** One Gaussian process for each quantity, around what is expected of it: a constant, or what a model says. */
export function fitSurrogate(trials: readonly Trial[], options: SurrogateOptions): Surrogate {
  const fits = options.quantities.map((quantity, index) => fitQuantity(trials, quantity, { ...options, index }));
  return {
    beliefs: (candidate) => fits.map(({ belief }) => belief(candidate)),
    successChance: successChanceOf(trials, options.features),
    logDensity: (trial) =>
      fits.reduce((sum, { belief, process }, index) => {
        const value = trial.ok ? options.quantities[index]?.toScale(trial.candidate, trial.metrics) : undefined;
        if (value === undefined) return sum;
        const { mean, deviation } = belief(trial.candidate);
        const variance = deviation ** 2 + process.noise ** 2;
        return sum - 0.5 * ((value - mean) ** 2 / variance + Math.log(variance));
      }, 0),
    hyperparameters: fits.map(({ process }) => process.hyperparameters),
  };
}

interface QuantityFit {
  readonly process: GaussianProcess;
  belief(candidate: Candidate): Belief;
}

function fitQuantity(
  trials: readonly Trial[],
  quantity: Quantity,
  { features, seed, start, expectThroughput, index }: SurrogateOptions & { readonly index: number },
): QuantityFit {
  const trend = trendOf(quantity, expectThroughput);
  const seen = groupedValues(trials, quantity).map(({ candidate, values }) => ({
    key: candidateKey(candidate),
    point: features.of(candidate),
    values,
    value: meanOf(values) - trend(candidate),
  }));
  const level = seen.reduce((sum, { value }) => sum + value, 0) / Math.max(1, seen.length);
  const spread = Math.sqrt(
    seen.reduce((sum, { value }) => sum + (value - level) ** 2, 0) / Math.max(1, seen.length - 1),
  );
  const process = fitGaussianProcess(
    { points: seen.map(({ point }) => point), values: seen.map(({ value }) => value - level) },
    {
      features,
      random: seededRandom(deriveSeed(seed, `${quantity.tag} ${trials.length}`)),
      expected: { deviation: Math.max(leastDeviation, Math.min(2, spread)), noise: expectedNoise },
      start: start?.[index],
      attempts: 50,
    },
  );
  const repeatVariance = varianceOfRepeats(seen, process.noise);
  const ofKey = new Map(seen.map(({ key, values }) => [key, values]));
  return {
    process,
    belief: (candidate) => {
      const { mean, deviation } = process.predict(features.of(candidate));
      const expected = { mean: mean + level + trend(candidate), deviation };
      const own = ofKey.get(candidateKey(candidate));
      return own === undefined ? expected : withOwn(expected, own, { nugget: process.noise ** 2, repeatVariance });
    },
  };
}

/** The values of each candidate that has any. */
function groupedValues(trials: readonly Trial[], quantity: Quantity): { candidate: Candidate; values: number[] }[] {
  const byKey = new Map<string, { candidate: Candidate; values: number[] }>();
  for (const trial of trials) {
    const value = trial.ok ? quantity.toScale(trial.candidate, trial.metrics) : undefined;
    if (value === undefined) continue;
    const key = candidateKey(trial.candidate);
    const group = byKey.get(key) ?? { candidate: trial.candidate, values: [] };
    group.values.push(value);
    byKey.set(key, group);
  }
  return [...byKey.values()];
}

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * What a candidate deviates from the smooth function by is partly its own, and there again at the next measurement, and partly the
 * noise of one measurement. Only repeats tell the two apart; before there are any, half and half is expected.
 */
function varianceOfRepeats(seen: readonly { readonly values: readonly number[] }[], nugget: number): number {
  const weight = 2;
  let [squares, freedom] = [0, 0];
  for (const { values } of seen) {
    const mean = meanOf(values);
    squares += values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    freedom += values.length - 1;
  }
  return (weight * 0.5 * nugget ** 2 + squares) / (weight + freedom);
}

/** The belief in a candidate that was measured itself. */
function withOwn(
  { mean, deviation }: Belief,
  own: readonly number[],
  { nugget, repeatVariance }: { readonly nugget: number; readonly repeatVariance: number },
): Belief {
  const lasting = Math.max(0, nugget - repeatVariance);
  const ofMean = repeatVariance / own.length;
  const share = lasting / Math.max(1e-12, lasting + ofMean);
  return {
    mean: mean + share * (meanOf(own) - mean),
    deviation: Math.sqrt(deviation ** 2 * (1 - share) + share * ofMean),
  };
}

function trendOf({ tag }: Quantity, expectThroughput: ExpectThroughput | undefined): (candidate: Candidate) => number {
  if (tag !== 'perf_throughput' || expectThroughput === undefined) return () => 0;
  return (candidate) => Math.log(Math.max(1e-9, expectThroughput(candidate)));
}

/** How far a failure reaches, in coordinates of the space. */
const reach = 0.25;

/** The share of successes nearby, with one success everywhere to begin with. */
function successChanceOf(trials: readonly Trial[], features: Features): Surrogate['successChance'] {
  if (trials.every(({ ok }) => ok)) return () => 1;
  const seen = trials.map(({ ok, candidate }) => ({ ok, point: features.of(candidate) }));
  return (candidate) => {
    const point = features.of(candidate);
    let [good, all] = [0.5, 0.5];
    for (const { ok, point: other } of seen) {
      const near = Math.exp((-0.5 * squaredDistance(point, other, features)) / reach ** 2);
      all += near;
      if (ok) good += near;
    }
    return good / all;
  };
}

function squaredDistance(left: Float64Array, right: Float64Array, { isCategorical }: Features): number {
  return left.reduce((sum, value, index) => {
    const gap = value - (right[index] ?? 0);
    return sum + (isCategorical[index] === true ? Number(gap !== 0) : gap) ** 2;
  }, 0);
}

/** Metrics of one draw, by the distance from each mean in deviations. */
export function metricsAt(candidate: Candidate, quantities: readonly Quantity[], values: readonly number[]): Metrics {
  const metrics: Record<string, number> = {};
  for (const [index, quantity] of quantities.entries()) {
    metrics[quantity.tag] = quantity.fromScale(candidate, values[index] ?? 0, metrics);
  }
  return metrics;
}
