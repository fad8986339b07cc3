import type { Trial } from '../../src/core/trial.js';
import type { Features } from '../surrogate/features.js';
import type { Hyperparameters } from '../surrogate/gaussian-process.js';
import type { Quantity } from '../surrogate/quantities.js';
import { type ExpectThroughput, fitSurrogate, type Surrogate } from '../surrogate/surrogate.js';

/** How throughput is expected from what was measured so far; `undefined`: not yet. */
export type FitThroughput = (trials: readonly Trial[]) => ExpectThroughput | undefined;

export interface ExpertsOptions {
  readonly features: Features;
  readonly quantities: readonly Quantity[];
  readonly seed: number;
  /** One surrogate for each; `undefined` is one that expects nothing. */
  readonly expectations: readonly (FitThroughput | undefined)[];
}

/** Several surrogates that differ in what they expect of throughput, and how well each has foreseen measurements. */
export interface Experts {
  /** The surrogate of the one to listen to now: the best so far, or each in turn while they are about equal. */
  best(trials: readonly Trial[]): Surrogate;
  /** Tells them of a trial that they have not seen. */
  judge(trial: Trial): void;
}

/** Log densities that differ by less than this say nothing. */
const indifference = 2;
/** Early failures are forgiven. */
const memory = 0.9;

export function createExperts({ expectations, ...options }: ExpertsOptions): Experts {
  const members = expectations.map((fitThroughput) => createExpert(fitThroughput, options));
  return {
    best: (trials) => {
      for (const member of members) member.fit(trials);
      const most = Math.max(...members.map(({ evidence }) => evidence));
      const good = members.filter(({ evidence }) => evidence > most - indifference);
      const chosen = good[trials.length % good.length]?.surrogate;
      if (chosen === undefined) throw new Error('there is at least one expert');
      return chosen;
    },
    judge: (trial) => {
      for (const member of members) member.judge(trial);
    },
  };
}

interface Expert {
  fit(trials: readonly Trial[]): void;
  judge(trial: Trial): void;
  readonly evidence: number;
  readonly surrogate: Surrogate | undefined;
}

function createExpert(fitThroughput: FitThroughput | undefined, options: Omit<ExpertsOptions, 'expectations'>): Expert {
  let surrogate: Surrogate | undefined;
  let start: readonly Hyperparameters[] | undefined;
  let evidence = 0;
  return {
    fit: (trials) => {
      surrogate = fitSurrogate(trials, { ...options, start, expectThroughput: fitThroughput?.(trials) });
      start = surrogate.hyperparameters;
    },
    judge: (trial) => {
      evidence = memory * evidence + (surrogate?.logDensity(trial) ?? 0);
    },
    get evidence() {
      return evidence;
    },
    get surrogate() {
      return surrogate;
    },
  };
}
