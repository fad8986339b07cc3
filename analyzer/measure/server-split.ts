import type { ServerSplit } from '../../src/core/run.js';
import { ns, toMs } from '../../src/core/units.js';
import type { InferStatistics, ModelStatistics, StatisticDuration } from '../../src/protocol/statistics.js';

/**
 * What the server did between two snapshots of its statistics; absent when it did nothing.
 * Means are per request, from cumulative counters. Each request of a batch counts the whole batch's compute time, as the
 * statistics extension defines it.
 */
export function serverSplit(before: ModelStatistics, after: ModelStatistics): ServerSplit | undefined {
  const delta = (pick: (stats: InferStatistics) => StatisticDuration): StatisticDuration => {
    const start = pick(before.inference_stats);
    const end = pick(after.inference_stats);
    return { count: end.count - start.count, ns: end.ns - start.ns };
  };
  const success = delta((stats) => stats.success);
  if (success.count <= 0) return undefined;
  const perRequest = (duration: StatisticDuration): number => toMs(ns(duration.ns / success.count));
  const inferences = after.inference_count - before.inference_count;
  const executions = after.execution_count - before.execution_count;
  const hit = delta((stats) => stats.cache_hit);
  const miss = delta((stats) => stats.cache_miss);
  const parts = {
    queueMs: perRequest(delta((stats) => stats.queue)),
    computeInputMs: perRequest(delta((stats) => stats.compute_input)),
    computeInferMs: perRequest(delta((stats) => stats.compute_infer)),
    computeOutputMs: perRequest(delta((stats) => stats.compute_output)),
  };
  const cacheMs = perRequest(hit) + perRequest(miss);
  const requestMs = perRequest(success);
  const accounted = parts.queueMs + parts.computeInputMs + parts.computeInferMs + parts.computeOutputMs + cacheMs;
  return {
    requests: success.count,
    failedRequests: delta((stats) => stats.fail).count,
    inferences,
    executions,
    meanBatchSize: executions === 0 ? 0 : inferences / executions,
    requestMs,
    ...parts,
    overheadMs: Math.max(0, requestMs - accounted),
    ...(hit.count + miss.count === 0
      ? {}
      : {
          cache: {
            hits: hit.count,
            misses: miss.count,
            hitMs: hit.count === 0 ? 0 : toMs(ns(hit.ns / hit.count)),
            missMs: miss.count === 0 ? 0 : toMs(ns(miss.ns / miss.count)),
          },
        }),
  };
}

/** The statistics of the version that worked most between two snapshots: where the requests went when no version was asked for. */
export function busiestVersion(
  before: readonly ModelStatistics[],
  after: readonly ModelStatistics[],
): { readonly before: ModelStatistics; readonly after: ModelStatistics } | undefined {
  const pairs = after.flatMap((end) => {
    const start = before.find(({ version }) => version === end.version);
    return start === undefined ? [] : [{ before: start, after: end }];
  });
  const work = (pair: (typeof pairs)[number]): number =>
    pair.after.inference_stats.success.count - pair.before.inference_stats.success.count;
  return pairs.reduce<(typeof pairs)[number] | undefined>(
    (best, pair) => (best === undefined || work(pair) > work(best) ? pair : best),
    undefined,
  );
}
