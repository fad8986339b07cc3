import type { Goal } from '../../searcher/goal/goal.js';
import { metricOf } from '../../searcher/goal/metrics.js';
import type { GridRow } from '../../searcher/replay/read-grid.js';
import { replay } from '../../searcher/replay/replay.js';
import { type StrategyName, strategies } from '../../searcher/strategies/strategies.js';
import { createTrialStore, ranking } from '../../searcher/trial-store.js';

const seeds = 25;

/** What a strategy did on one grid with one limit, over all seeds. */
export interface GridScore {
  readonly grid: string;
  readonly limit: string;
  readonly maxMeasurements: number;
  /** Fractions of the feasible optimum: of nine in ten seeds at least this, and of half of them. */
  readonly tenth: number;
  readonly median: number;
  /** Choices that break a limit on the recorded mean. */
  readonly broken: number;
  readonly medianMeasurements: number;
  /** Of every seed. */
  readonly fractions: readonly number[];
  /** The fraction of whoever knows the server but for the noise; absent when nobody does. */
  readonly oracle?: number;
}

export interface GridTask {
  readonly grid: string;
  readonly rows: readonly GridRow[];
  /** What would be recorded without noise. */
  readonly exact?: readonly GridRow[];
  readonly limit: string;
  readonly goal: Goal;
  readonly strategy: StrategyName;
  readonly maxMeasurements: number;
}

export async function scoreGrid({ rows, exact, goal, strategy, ...task }: GridTask): Promise<GridScore> {
  const fractions: number[] = [];
  const measurements: number[] = [];
  let broken = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    const result = await replay(rows, {
      strategy: strategies[strategy],
      goal,
      seed,
      maxMeasurements: task.maxMeasurements,
    });
    fractions.push(result.fraction ?? 0);
    measurements.push(result.measurements);
    if (!result.feasible) broken++;
  }
  return {
    grid: task.grid,
    limit: task.limit,
    maxMeasurements: task.maxMeasurements,
    tenth: quantile(fractions, 0.1),
    median: quantile(fractions, 0.5),
    broken,
    medianMeasurements: quantile(measurements, 0.5),
    fractions,
    ...(exact === undefined ? {} : { oracle: await oracleFraction(rows, exact, goal) }),
  };
}

/** The value that so many, 0 to 1, do not exceed. */
export const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((left, right) => left - right)[Math.floor(share * (values.length - 1))] ?? 0;

/** Chooses the best without noise, blindly, and is judged like everyone else. */
async function oracleFraction(rows: readonly GridRow[], exact: readonly GridRow[], goal: Goal): Promise<number> {
  const store = createTrialStore();
  for (const { candidate, metrics } of exact) store.add({ ok: true, candidate, metrics, seconds: 0 });
  const choice = ranking(store, goal)[0]?.candidate;
  const create = () => ({ propose: () => undefined, observe: () => undefined, choose: () => choice });
  const result = await replay(rows, { strategy: { name: 'oracle', create }, goal, seed: 1, maxMeasurements: 0 });
  return result.fraction ?? 0;
}

const objective = (tag: string) => {
  const metric = metricOf(tag);
  if (metric === undefined) throw new Error(`no metric ${tag}`);
  return metric;
};

/** The most throughput within a limit of a metric, or of none. */
export const throughputWithin = (limit?: {
  readonly tag: string;
  readonly max?: number;
  readonly min?: number;
}): Goal => ({
  objectives: [{ metric: objective('perf_throughput'), weight: 1 }],
  constraints:
    limit === undefined
      ? []
      : [
          {
            metric: objective(limit.tag),
            ...(limit.max === undefined ? {} : { max: limit.max }),
            ...(limit.min === undefined ? {} : { min: limit.min }),
          },
        ],
});
