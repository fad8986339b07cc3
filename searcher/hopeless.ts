import type { Hopeless } from '../src/core/trial.js';
import type { Goal } from './goal/goal.js';
import { ranking, type TrialStore } from './trial-store.js';

/** High percentiles of latency, which half of the answers stay far below. */
const tails: ReadonlySet<string> = new Set(['90', '95', '99', '99.9'].map((tail) => `perf_latency_p${tail}`));

/** A window that is cold or disturbed may show much less than the candidate can, but hardly less than this share of it. */
const dominatedShare = 0.5;

/**
 * A limit is certainly broken when half of the answers take twice as long as it lets one in ten or fewer take. When throughput alone is aimed at, a
 * candidate is certainly dominated that brings less than half of the best one that keeps the limits.
 */
export function hopelessOf(goal: Goal, store: TrialStore): Hopeless {
  const limits = goal.constraints.flatMap(({ metric, max }) =>
    max !== undefined && tails.has(metric.tag) ? [max] : [],
  );
  const throughput = bestThroughput(goal, store);
  return {
    ...(limits.length === 0 ? {} : { medianMs: 2 * Math.min(...limits) }),
    ...(throughput === undefined ? {} : { throughput: dominatedShare * throughput }),
  };
}

function bestThroughput(goal: Goal, store: TrialStore): number | undefined {
  if (goal.objectives.some(({ metric }) => metric.tag !== 'perf_throughput')) return undefined;
  const [best] = ranking(store, goal);
  return best?.judgement.kept === 'pass' ? best.mean['perf_throughput'] : undefined;
}
