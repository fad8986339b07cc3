import { deriveSeed, seededRandom } from '../../src/core/random.js';
import type { ReplayResult } from '../../src/core/replay-result.js';
import { type Candidate, candidateKey, type Metrics, type Trial } from '../../src/core/trial.js';
import type { Goal } from '../goal/goal.js';
import { judge } from '../goal/judge.js';
import { search } from '../search.js';
import { spaceOf } from '../space/space.js';
import type { CreateStrategy } from '../strategy.js';
import { createTrialStore, ranking } from '../trial-store.js';
import type { GridRow } from './read-grid.js';

export interface ReplayOptions {
  readonly strategy: { readonly name: string; readonly create: CreateStrategy };
  readonly goal: Goal;
  readonly seed: number;
  readonly maxMeasurements: number;
  readonly onTrial?: (trial: Trial) => void;
}

/** Searches recorded measurements instead of a server, and says how good the choice is on the recorded means. */
export async function replay(rows: readonly GridRow[], options: ReplayOptions): Promise<ReplayResult> {
  const { strategy, goal, seed, maxMeasurements, onTrial } = options;
  const searched = strategy.create({
    space: spaceOf(rows.map(({ candidate }) => candidate)),
    goal,
    seed,
    maxMeasurements,
  });
  const measure = recordedMeasure(rows, seed);
  const trials: Trial[] = [];
  for await (const trial of search(searched, async (candidate) => measure(candidate))) {
    trials.push(trial);
    onTrial?.(trial);
  }
  const isTimed = rows.some(({ seconds }) => seconds !== undefined);
  return {
    strategy: strategy.name,
    seed,
    measurements: trials.length,
    measurement_s: isTimed ? trials.reduce((sum, { seconds }) => sum + seconds, 0) : null,
    ...scoreOf(searched.choose(), rows, goal),
  };
}

/** One of the recorded rows of a candidate after the other, in an order that the seed decides. */
function recordedMeasure(rows: readonly GridRow[], seed: number): (candidate: Candidate) => Trial {
  const byKey = groupRows(rows);
  const taken = new Map<string, number>();
  return (candidate) => {
    const key = candidateKey(candidate);
    const recorded = byKey.get(key) ?? [];
    const turn = taken.get(key) ?? 0;
    taken.set(key, turn + 1);
    const offset = Math.floor(seededRandom(deriveSeed(seed, key))() * recorded.length);
    const row = recorded[(offset + turn) % recorded.length];
    const seconds = row?.seconds ?? 0;
    if (row === undefined || Object.keys(row.metrics).length === 0) {
      return { ok: false, candidate, reason: 'nothing was recorded', seconds };
    }
    return { ok: true, candidate, metrics: row.metrics, seconds };
  };
}

type Rows = readonly [GridRow, ...GridRow[]];

function groupRows(rows: readonly GridRow[]): ReadonlyMap<string, Rows> {
  const byKey = new Map<string, [GridRow, ...GridRow[]]>();
  for (const row of rows) {
    const key = candidateKey(row.candidate);
    const own = byKey.get(key);
    if (own === undefined) byKey.set(key, [row]);
    else own.push(row);
  }
  return byKey;
}

/** Of each metric over the rows that recorded it. */
function recordedMean(rows: Rows): Metrics {
  const tags = new Set(rows.flatMap(({ metrics }) => Object.keys(metrics)));
  return Object.fromEntries(
    [...tags].map((tag) => {
      const values = rows.flatMap(({ metrics }) => metrics[tag] ?? []);
      return [tag, values.reduce((sum, value) => sum + value, 0) / values.length];
    }),
  );
}

/** The choice beside the best recorded mean that keeps all limits. */
function scoreOf(
  choice: Candidate | undefined,
  rows: readonly GridRow[],
  goal: Goal,
): Pick<ReplayResult, 'choice' | 'objective' | 'optimum' | 'fraction' | 'feasible'> {
  const store = createTrialStore();
  for (const own of groupRows(rows).values()) {
    const [{ candidate }] = own;
    store.add({ ok: true, candidate, metrics: recordedMean(own), seconds: 0 });
  }
  const [best] = ranking(store, goal);
  const optimum = best?.judgement.kept === 'pass' ? objectiveOf(best.mean, goal) : undefined;
  const mean: Metrics = (choice === undefined ? undefined : store.of(choice)?.mean) ?? {};
  const objective = objectiveOf(mean, goal);
  const feasible = choice !== undefined && judge(mean, goal).kept === 'pass';
  return {
    choice: choice ?? null,
    objective: objective?.value ?? null,
    optimum: optimum?.value ?? null,
    fraction: optimum === undefined ? null : feasible && objective !== undefined ? shareOf(objective, optimum) : 0,
    feasible,
  };
}

interface ObjectiveValue {
  readonly value: number;
  readonly utility: number;
}

/** Of one objective its metric; of several what the utility is the logarithm of. */
function objectiveOf(mean: Metrics, goal: Goal): ObjectiveValue | undefined {
  const { utility } = judge(mean, goal);
  if (utility === undefined) return undefined;
  const [first, ...others] = goal.objectives;
  const own = others.length === 0 && first !== undefined ? mean[first.metric.tag] : undefined;
  return { value: own ?? Math.exp(utility), utility };
}

/** 1 exactly for the optimum itself. */
const shareOf = (objective: ObjectiveValue, optimum: ObjectiveValue): number =>
  Math.exp(objective.utility - optimum.utility);
