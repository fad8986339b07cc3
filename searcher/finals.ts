import { type Candidate, candidateKey, type Measure, type Metrics } from '../src/core/trial.js';
import type { Goal } from './goal/goal.js';
import { judge } from './goal/judge.js';
import { searchLoad } from './load-search.js';
import { type Ranked, ranking, type TrialStore } from './trial-store.js';
import type { Repeated } from './verdict.js';

export interface FinalsOptions {
  readonly goal: Goal;
  readonly count: number;
  /** Candidates of one name are the same; it is what is measured. */
  readonly nameOf: (candidate: Candidate) => Candidate;
}

/** The candidates that are worth repeats: the choice of the strategy and those that rank best, each once. */
export function finalistsOf(
  choice: Candidate | undefined,
  store: TrialStore,
  { goal, count, nameOf }: FinalsOptions,
): Candidate[] {
  const ranked = ranking(store, goal).map(({ candidate }: Ranked) => candidate);
  const all = [...(choice === undefined ? [] : [choice]), ...ranked].map(nameOf);
  const distinct = new Map(all.map((candidate) => [candidateKey(candidate), candidate]));
  return [...distinct.values()].slice(0, count);
}

/** Measures all in turn, several times, so that whatever changes on the machine meanwhile meets all of them. */
export async function repeatInTurn(
  candidates: readonly Candidate[],
  measure: Measure,
  rounds: number,
): Promise<Repeated[]> {
  const metrics = candidates.map((): Metrics[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, candidate] of candidates.entries()) {
      const trial = await measure(candidate);
      if (trial.ok) metrics[index]?.push(trial.metrics);
    }
  }
  return candidates.map((candidate, index) => ({ candidate, metrics: metrics[index] ?? [] }));
}

/** The best load for the configuration that the model has now: the largest that keeps the limits. `undefined`: none does. */
export async function bestLoad(
  load: { readonly name: string; readonly values: readonly number[] },
  goal: Goal,
  measure: Measure,
): Promise<Candidate | undefined> {
  const [min = 1] = load.values;
  const measured = new Map<number, number>();
  const largest = await searchLoad({ min, max: Math.max(...load.values), refinements: 2 }, async (value) => {
    const trial = await measure({ [load.name]: value });
    if (!trial.ok) return { isWithin: false, violation: Number.POSITIVE_INFINITY };
    const { kept, utility, violation } = judge(trial.metrics, goal);
    if (kept === 'pass' && utility !== undefined) measured.set(value, utility);
    return { isWithin: kept === 'pass', violation };
  });
  if (largest === undefined) return undefined;
  const best = [...measured].reduce((left, right) => (right[1] > left[1] ? right : left));
  return { [load.name]: best[0] };
}
