import type { BatchCount, ServerSplit } from '../../src/core/run.js';
import { type Nanoseconds, ns, plus, toMs } from '../../src/core/units.js';
import type { InferStatistics, ModelStatistics, StatisticDuration } from '../../src/protocol/statistics.js';

const durations = [
  'success',
  'fail',
  'queue',
  'compute_input',
  'compute_infer',
  'compute_output',
  'cache_hit',
  'cache_miss',
] as const satisfies readonly (keyof InferStatistics)[];

/** By how much the statistics of a model grew between two snapshots. */
export type StatisticsDelta = Readonly<Record<(typeof durations)[number], StatisticDuration>> & {
  readonly inferences: number;
  readonly executions: number;
  /** By size. */
  readonly batches: ReadonlyMap<number, number>;
  /** The summed latencies of the same requests at the client, where they are known. */
  readonly clientSum: Nanoseconds | undefined;
};

export function statisticsDelta(
  before: ModelStatistics,
  after: ModelStatistics,
  clientSum: Nanoseconds | undefined,
): StatisticsDelta {
  const grown = durations.map((name) => {
    const start = before.inference_stats[name];
    const end = after.inference_stats[name];
    return [name, { count: end.count - start.count, ns: end.ns - start.ns }] as const;
  });
  return {
    ...(Object.fromEntries(grown) as Record<(typeof durations)[number], StatisticDuration>),
    inferences: after.inference_count - before.inference_count,
    executions: after.execution_count - before.execution_count,
    batches: grownBatches(before, after),
    clientSum,
  };
}

/** Executions by size; a server need not count them. */
function grownBatches(
  { batch_stats: before = [] }: Partial<ModelStatistics>,
  { batch_stats: after = [] }: Partial<ModelStatistics>,
): Map<number, number> {
  const started = new Map(before.map(({ batch_size, compute_infer }) => [batch_size, compute_infer.count]));
  return new Map(
    after.map(({ batch_size, compute_infer }) => [batch_size, compute_infer.count - (started.get(batch_size) ?? 0)]),
  );
}

/** Of several models or servers; one that began anew meanwhile, so that its counters went down, says nothing. */
function sumOf(deltas: readonly StatisticsDelta[]): StatisticsDelta | undefined {
  return deltas
    .filter(({ success }) => success.count > 0)
    .reduce<StatisticsDelta | undefined>((sum, delta) => (sum === undefined ? delta : added(sum, delta)), undefined);
}

function added(left: StatisticsDelta, right: StatisticsDelta): StatisticsDelta {
  const total = durations.map((name) => {
    return [name, { count: left[name].count + right[name].count, ns: left[name].ns + right[name].ns }] as const;
  });
  const isKnown = left.clientSum !== undefined && right.clientSum !== undefined;
  return {
    ...(Object.fromEntries(total) as Record<(typeof durations)[number], StatisticDuration>),
    inferences: left.inferences + right.inferences,
    executions: left.executions + right.executions,
    batches: new Map([
      ...left.batches,
      ...[...right.batches].map(([size, count]) => [size, count + (left.batches.get(size) ?? 0)] as const),
    ]),
    clientSum: isKnown ? plus(left.clientSum, right.clientSum) : undefined,
  };
}

/**
 * What the servers did together; absent when they did nothing.
 * Means are per request, from cumulative counters. Each request of a batch counts the whole batch's compute time, as the
 * statistics extension defines it.
 */
export function serverSplit(deltas: readonly StatisticsDelta[]): ServerSplit | undefined {
  const delta = sumOf(deltas);
  if (delta === undefined) return undefined;
  const { success, inferences, executions, clientSum } = delta;
  const perRequest = (duration: StatisticDuration): number => toMs(ns(duration.ns / success.count));
  const parts = {
    queueMs: perRequest(delta.queue),
    computeInputMs: perRequest(delta.compute_input),
    computeInferMs: perRequest(delta.compute_infer),
    computeOutputMs: perRequest(delta.compute_output),
  };
  const cacheMs = perRequest(delta.cache_hit) + perRequest(delta.cache_miss);
  const requestMs = perRequest(success);
  const accounted = parts.queueMs + parts.computeInputMs + parts.computeInferMs + parts.computeOutputMs + cacheMs;
  const cache = cacheOf(delta);
  const batches = batchesOf(delta);
  return {
    requests: success.count,
    failedRequests: delta.fail.count,
    inferences,
    executions,
    meanBatchSize: executions === 0 ? 0 : inferences / executions,
    ...(batches.length === 0 ? {} : { batches }),
    requestMs,
    ...parts,
    overheadMs: Math.max(0, requestMs - accounted),
    ...(clientSum === undefined ? {} : { clientMs: toMs(ns(clientSum / success.count)) }),
    ...(cache === undefined ? {} : { cache }),
  };
}

const batchesOf = ({ batches }: StatisticsDelta): BatchCount[] =>
  [...batches]
    .filter(([, executions]) => executions > 0)
    .map(([size, executions]) => ({ size, executions }))
    .toSorted((left, right) => left.size - right.size);

function cacheOf({ cache_hit: hit, cache_miss: miss }: StatisticsDelta): ServerSplit['cache'] {
  if (hit.count + miss.count === 0) return undefined;
  const mean = ({ count, ns: total }: StatisticDuration): number => (count === 0 ? 0 : toMs(ns(total / count)));
  return { hits: hit.count, misses: miss.count, hitMs: mean(hit), missMs: mean(miss) };
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
