import type { Candidate, Trial } from '../../src/core/trial.js';
import type { Features } from '../surrogate/features.js';
import type { Belief, Hyperparameters } from '../surrogate/gaussian-process.js';
import type { Quantity } from '../surrogate/quantities.js';
import { successChanceOf } from '../surrogate/success-chance.js';
import { fitQuantity, type QuantityFit, type Surrogate } from '../surrogate/surrogate.js';

/** The throughput of a candidate, in inferences a second, as a model other than the surrogate sees it. */
export type ExpectThroughput = (candidate: Candidate) => number;

/** How throughput is expected from what was measured so far; `undefined`: not yet. */
export type FitThroughput = (trials: readonly Trial[]) => ExpectThroughput | undefined;

export interface ExpertsOptions {
  readonly features: Features;
  readonly quantities: readonly Quantity[];
  readonly seed: number;
  /** An expert of throughput for each; `undefined` is one that expects nothing. */
  readonly expectations: readonly (FitThroughput | undefined)[];
}

/** A surrogate whose belief in throughput is that of several experts, who differ in what they expect before they measure. */
export interface Experts {
  /** Each expert counts as far as it has foreseen measurements; what they disagree on is uncertain. */
  fit(trials: readonly Trial[]): Surrogate;
  /** Tells them of a trial that they have not seen. */
  judge(trial: Trial): void;
}

/** Early failures are forgiven. */
const memory = 0.9;
/** An expert counts as having foreseen so many measurements as well as it said, before it has foreseen any. */
const trust = 4;
/** One measurement that nobody could foresee says little of the others: squared distance in deviations. */
const mostSurprise = 16;
/** So much of the belief is shared evenly: what is measured is what the most trusted expert proposes, and says little of where it is wrong. */
const openMind = 0.3;

export function createExperts({ expectations, quantities, ...options }: ExpertsOptions): Experts {
  const panels = quantities.map((quantity) =>
    quantity.tag === 'perf_throughput'
      ? expectations.map((fitThroughput) => createExpert(quantity, { ...options, fitThroughput }))
      : [createExpert(quantity, options)],
  );
  return {
    fit: (trials) => {
      for (const expert of panels.flat()) expert.fit(trials);
      const weights = panels.map((panel) => weightsOf(panel.map(({ evidence }) => evidence)));
      return {
        beliefs: (candidate) =>
          panels.map((panel, index) =>
            mixtureOf(
              panel.map(({ belief }) => belief(candidate)),
              weights[index] ?? [],
            ),
          ),
        successChance: successChanceOf(trials, options.features),
      };
    },
    judge: (trial) => {
      for (const expert of panels.flat()) expert.judge(trial);
    },
  };
}

/** In proportion to how likely each has found the measurements, but for a share that all have. */
function weightsOf(evidences: readonly number[]): number[] {
  const most = Math.max(...evidences);
  const odds = evidences.map((evidence) => Math.exp(evidence - most));
  const total = odds.reduce((sum, each) => sum + each, 0);
  return odds.map((each) => openMind / odds.length + ((1 - openMind) * each) / total);
}

/** A normal distribution with the moments of the mixture. */
function mixtureOf(beliefs: readonly Belief[], weights: readonly number[]): Belief {
  let [mean, square] = [0, 0];
  for (const [index, belief] of beliefs.entries()) {
    const weight = weights[index] ?? 0;
    mean += weight * belief.mean;
    square += weight * (belief.mean ** 2 + belief.deviation ** 2);
  }
  return { mean, deviation: Math.sqrt(Math.max(0, square - mean ** 2)) };
}

interface Expert {
  fit(trials: readonly Trial[]): void;
  judge(trial: Trial): void;
  belief(candidate: Candidate): Belief;
  readonly evidence: number;
}

function createExpert(
  quantity: Quantity,
  {
    features,
    seed,
    fitThroughput,
  }: Pick<ExpertsOptions, 'features' | 'seed'> & { fitThroughput?: FitThroughput | undefined },
): Expert {
  let fitted: QuantityFit | undefined;
  let start: Hyperparameters | undefined;
  let evidence = 0;
  let [surprise, count] = [trust, trust];
  /** Few measurements make any model too certain: it is believed as far as it has been right. */
  const doubt = (): number => Math.max(1, Math.sqrt(surprise / count));
  return {
    fit: (trials) => {
      const expect = fitThroughput?.(trials);
      const trend = expect && ((candidate: Candidate) => Math.log(Math.max(1e-9, expect(candidate))));
      fitted = fitQuantity(trials, quantity, { features, seed, start, trend, doubt: doubt() });
      start = fitted.hyperparameters;
    },
    judge: (trial) => {
      const value = trial.ok ? quantity.toScale(trial.candidate, trial.metrics) : undefined;
      if (fitted === undefined || value === undefined) return;
      const { mean, deviation } = fitted.measurement(trial.candidate);
      const distance = (value - mean) / deviation;
      evidence = memory * evidence - 0.5 * Math.min(distance ** 2, mostSurprise) - Math.log(deviation);
      surprise = memory * surprise + Math.min((doubt() * distance) ** 2, mostSurprise);
      count = memory * count + 1;
    },
    belief: (candidate) => {
      if (fitted === undefined) throw new Error('an expert is fitted before it is asked');
      return fitted.belief(candidate);
    },
    get evidence() {
      return evidence;
    },
  };
}
