import { deriveSeed, seededRandom } from '../../src/core/random.js';
import type { Candidate, Metrics, Trial } from '../../src/core/trial.js';
import type { Features } from './features.js';
import { type Belief, fitGaussianProcess, type Hyperparameters } from './gaussian-process.js';
import type { Quantity } from './quantities.js';

/** What is believed of all candidates after some measurements. */
export interface Surrogate {
  /** One for each quantity, on its scale: of what a candidate reaches on average. */
  beliefs(candidate: Candidate): readonly Belief[];
  /** How likely a measurement of the candidate brings anything, 0 to 1. */
  successChance(candidate: Candidate): number;
}

/** The belief in one quantity. */
export interface QuantityFit {
  belief(candidate: Candidate): Belief;
  /** What a measurement of the candidate is expected to bring. */
  measurement(candidate: Candidate): Belief;
  /** To start the next fit from. */
  readonly hyperparameters: Hyperparameters;
}

export interface QuantityOptions {
  readonly features: Features;
  readonly seed: number;
  /** The hyperparameters of the fit before this one. */
  readonly start?: Hyperparameters | undefined;
  /** How many times less certain than it says the process is believed to be. */
  readonly doubt?: number;
  /** What is expected of a candidate, on the scale of the quantity, but for a constant. */
  readonly trend?: ((candidate: Candidate) => number) | undefined;
}

/** Relative noise of a measurement, as long as nothing is known of it. */
const expectedNoise = 0.03;
/** Few measurements are explained well by any model, which says little of the others. */
const leastDeviation = 0.25;
/** Hyperparameters to try: many at first, fewer when they have settled. */
const attemptsAfter = (trialCount: number): number => (trialCount < 12 ? 50 : 20);

/** A Gaussian process around a trend. */
export function fitQuantity(
  trials: readonly Trial[],
  quantity: Quantity,
  { features, seed, start, doubt = 1, trend = () => 0 }: QuantityOptions,
): QuantityFit {
  const seen = groupedValues(trials, quantity, features).map(({ candidate, values }) => ({
    key: features.keyOf(candidate),
    point: features.of(candidate),
    values,
    value: meanOf(values) - trend(candidate),
  }));
  const level = seen.reduce((sum, { value }) => sum + value, 0) / Math.max(1, seen.length);
  const spread = Math.sqrt(
    seen.reduce((sum, { value }) => sum + (value - level) ** 2, 0) / Math.max(1, seen.length - 1),
  );
  const repeats = repeatsOf(seen);
  const lastingShare = lastingShareOf(repeats, start === undefined ? expectedNoise : Math.exp(start.at(-1) ?? 0));
  const process = fitGaussianProcess(
    {
      points: seen.map(({ point }) => point),
      values: seen.map(({ value }) => value - level),
      noiseShares: seen.map((each) => lastingShare + (1 - lastingShare) / each.values.length),
    },
    {
      features,
      random: seededRandom(deriveSeed(seed, `${quantity.tag} ${trials.length}`)),
      expected: { deviation: Math.max(leastDeviation, Math.min(2, spread)), noise: noiseFrom(repeats) },
      start,
      attempts: attemptsAfter(trials.length),
    },
  );
  const repeatVariance = varianceOfRepeats(repeats, process.noise);
  const lasting = Math.max(0, process.noise ** 2 - repeatVariance);
  const ofKey = new Map(seen.map(({ key, values }) => [key, values]));
  const belief = (candidate: Candidate): Belief => {
    const { mean, deviation } = process.predict(features.of(candidate));
    const expected = { mean: mean + level + trend(candidate), deviation: doubt * deviation };
    const own = ofKey.get(features.keyOf(candidate));
    return own === undefined
      ? { ...expected, deviation: Math.hypot(expected.deviation, Math.sqrt(lasting)) }
      : withOwn(expected, own, { lasting, repeatVariance });
  };
  return {
    belief,
    measurement: (candidate) => {
      const { mean, deviation } = belief(candidate);
      return { mean, deviation: Math.hypot(deviation, Math.sqrt(repeatVariance)) };
    },
    hyperparameters: process.hyperparameters,
  };
}

/** The values of each candidate that has any. */
function groupedValues(
  trials: readonly Trial[],
  quantity: Quantity,
  features: Features,
): { readonly candidate: Candidate; readonly values: readonly number[] }[] {
  const byKey = new Map<string, { candidate: Candidate; values: number[] }>();
  for (const trial of trials) {
    const value = trial.ok ? quantity.toScale(trial.candidate, trial.metrics) : undefined;
    if (value === undefined) continue;
    const key = features.keyOf(trial.candidate);
    const group = byKey.get(key) ?? { candidate: trial.candidate, values: [] };
    group.values.push(value);
    byKey.set(key, group);
  }
  return [...byKey.values()];
}

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** How far measurements of the same candidate are apart: the sum of squares, and its degrees of freedom. */
interface Repeats {
  readonly squares: number;
  readonly freedom: number;
}

function repeatsOf(seen: readonly { readonly values: readonly number[] }[]): Repeats {
  let [squares, freedom] = [0, 0];
  for (const { values } of seen) {
    const mean = meanOf(values);
    squares += values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    freedom += values.length - 1;
  }
  return { squares, freedom };
}

/** Noise is at least what repeats show. */
const noiseFrom = ({ squares, freedom }: Repeats): number =>
  Math.max(expectedNoise, Math.sqrt((expectedNoise ** 2 + squares) / (1 + freedom)));

/**
 * What a candidate deviates from the smooth function by is partly its own, and there again at the next measurement, and partly the
 * noise of one measurement. Only repeats tell the two apart; before there are any, half and half is expected.
 */
function varianceOfRepeats({ squares, freedom }: Repeats, noise: number): number {
  // Recorded measurements of which there is one a candidate repeat themselves exactly; others never do.
  if (freedom > 0 && squares === 0) return 1e-9;
  return (0.5 * noise ** 2 + squares) / (1 + freedom);
}

const lastingShareOf = (repeats: Repeats, noise: number): number =>
  Math.max(0, 1 - varianceOfRepeats(repeats, noise) / noise ** 2);

/** The belief in a candidate that was measured itself. */
function withOwn(
  { mean, deviation }: Belief,
  own: readonly number[],
  { lasting, repeatVariance }: { readonly lasting: number; readonly repeatVariance: number },
): Belief {
  const ofMean = repeatVariance / own.length;
  const share = lasting / Math.max(1e-12, lasting + ofMean);
  return {
    mean: mean + share * (meanOf(own) - mean),
    deviation: Math.sqrt(deviation ** 2 * (1 - share) + share * ofMean),
  };
}

/** Metrics of one draw, by the distance from each mean in deviations. */
export function metricsAt(candidate: Candidate, quantities: readonly Quantity[], values: readonly number[]): Metrics {
  const metrics: Record<string, number> = {};
  for (const [index, quantity] of quantities.entries()) {
    metrics[quantity.tag] = quantity.fromScale(candidate, values[index] ?? 0, metrics);
  }
  return metrics;
}
