import { type Candidate, candidateKey, type Measure, type Metrics, type Trial } from '../src/core/trial.js';
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

/** A load that is searched, with its values in ascending order. */
export interface SearchedLoad {
  readonly name: string;
  readonly values: readonly number[];
  /** Only these are of interest, none between them. */
  readonly isExact?: true;
}

export interface LoadOptions {
  readonly load: SearchedLoad;
  readonly goal: Goal;
  readonly store: TrialStore;
  /** Measurements of loads between those that are searched, at most. */
  readonly refinements: number;
}

/**
 * Looks for a better load within the limits for a configuration that keeps them, by bisection between its load and the next one that is
 * searched: the larger one when throughput is aimed at, otherwise the smaller one. Without limits there is nothing to look for.
 */
export async function refineLoad(
  candidate: Candidate,
  measure: Measure,
  { load, goal, store, refinements }: LoadOptions,
): Promise<void> {
  const from = Number(candidate[load.name]);
  const next = neighbour(from, load, goal);
  if (load.isExact || goal.constraints.length === 0 || next === undefined) return;
  const isWithin = async (value: number): Promise<boolean> => {
    const at = { ...candidate, [load.name]: value };
    const known = store.of(at);
    const metrics = known === undefined ? metricsOf(await measure(at)) : known.mean;
    return metrics !== undefined && judge(metrics, goal).kept === 'pass';
  };
  if (!(await isWithin(from)) || (await isWithin(next))) return;
  let [inside, outside] = [from, next];
  for (let step = 0; step < refinements; step++) {
    const middle = Math.floor((inside + outside) / 2);
    if (middle === inside || middle === outside) return;
    if (await isWithin(middle)) inside = middle;
    else outside = middle;
  }
}

const metricsOf = (trial: Trial): Metrics | undefined => (trial.ok ? trial.metrics : undefined);

/** The next load in the direction in which the objective gets better. */
function neighbour(from: number, { values }: SearchedLoad, { objectives }: Goal): number | undefined {
  const isUp = objectives.some(({ metric }) => metric.tag === 'perf_throughput');
  return isUp ? values.find((value) => value > from) : values.findLast((value) => value < from);
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

/**
 * The best load for the configuration that the model has now: the largest that keeps the limits. `undefined`: none does.
 *
 * @param start a load near which it is expected, such as that of the best candidate
 */
export async function bestLoad(
  load: SearchedLoad,
  goal: Goal,
  measure: Measure,
  start?: number,
): Promise<Candidate | undefined> {
  const { values, isExact } = load;
  const measured = new Map<number, number>();
  const [min, max] = isExact ? [1, values.length] : [Math.min(...values), Math.max(...values)];
  const startAt = isExact && start !== undefined ? values.findLastIndex((value) => value <= start) + 1 : start;
  const range = { min, max, refinements: 2, ...(startAt === undefined ? {} : { start: startAt }) };
  const largest = await searchLoad(range, async (place) => {
    const value = isExact ? (values[place - 1] ?? place) : place;
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
