import { type Candidate, candidateKey, type Metrics, type Trial } from '../src/core/trial.js';
import type { Goal } from './goal/goal.js';
import { compareJudgements, type Judgement, judge } from './goal/judge.js';

/** Everything that is known of one candidate. */
export interface Measurements {
  readonly candidate: Candidate;
  /** In the order in which they were made; failures too. */
  readonly trials: readonly Trial[];
  /** Of the trials that brought something: the mean of each metric that all of them have. `undefined`: none did. */
  readonly mean: Metrics | undefined;
}

/** The trials of a search by candidate. */
export interface TrialStore {
  add(trial: Trial): void;
  of(candidate: Candidate): Measurements | undefined;
  /** In the order of the first measurement. */
  all(): readonly Measurements[];
  readonly count: number;
}

export function createTrialStore(): TrialStore {
  const byKey = new Map<string, Measurements>();
  let count = 0;
  return {
    add: (trial) => {
      const key = candidateKey(trial.candidate);
      const trials = [...(byKey.get(key)?.trials ?? []), trial];
      byKey.set(key, { candidate: trial.candidate, trials, mean: meanOf(trials) });
      count++;
    },
    of: (candidate) => byKey.get(candidateKey(candidate)),
    all: () => [...byKey.values()],
    get count() {
      return count;
    },
  };
}

function meanOf(trials: readonly Trial[]): Metrics | undefined {
  const measured = trials.flatMap((trial) => (trial.ok ? [trial.metrics] : []));
  const [first] = measured;
  if (first === undefined) return undefined;
  const means = Object.keys(first).flatMap((tag) => {
    const values = measured.flatMap((metrics) => metrics[tag] ?? []);
    return values.length < measured.length
      ? []
      : [[tag, values.reduce((sum, value) => sum + value, 0) / values.length]];
  });
  return Object.fromEntries(means) as Metrics;
}

/** A candidate with its worth. */
export interface Ranked extends Measurements {
  readonly mean: Metrics;
  readonly judgement: Judgement;
}

/** Best first; candidates that never brought anything are left out. */
export const ranking = (store: TrialStore, goal: Goal): Ranked[] =>
  store
    .all()
    .flatMap(({ mean, ...rest }) => (mean === undefined ? [] : [{ ...rest, mean, judgement: judge(mean, goal) }]))
    .sort((left, right) => compareJudgements(left.judgement, right.judgement));
