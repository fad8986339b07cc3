import type { Certainty, Interval, PercentileCertainty, SteadinessVerdict } from '../../src/core/certainty.js';
import { ns, toMs } from '../../src/core/units.js';
import { effectiveSampleSize } from '../statistics/autocorrelation.js';
import { meanInterval, rateInterval } from '../statistics/batch-means.js';
import {
  neededRequests,
  type OrderedSample,
  percentileInflation,
  percentileInterval,
} from '../statistics/percentile-interval.js';
import { judgeSteadiness, type Steadiness } from '../statistics/steadiness.js';
import type { LatencyRecorder } from './latency-recorder.js';
import type { Samples } from './sample-log.js';

export interface CertaintyOptions {
  readonly batchSize: number;
  /** In per cent. */
  readonly percentiles: readonly number[];
  /** The chance of error of each interval. */
  readonly alpha: number;
  /** By how much a steady series may drift: a share. */
  readonly tolerance: number;
}

/** Of all looks together. */
const confidence = 0.95;

/**
 * How sure the figures of a stretch are.
 *
 * @param latencies of all its valid answers, of which `samples` are those that are remembered
 * @param warmUpMs what was cut off before the stretch
 */
export function assessCertainty(
  samples: Samples,
  latencies: LatencyRecorder,
  options: CertaintyOptions & { readonly warmUpMs: number },
): Certainty {
  const { batchSize, percentiles, alpha, tolerance, warmUpMs } = options;
  const rate = rateInterval(samples.gapsSeconds, 1 - alpha);
  const mean = meanInterval(samples.latenciesMs, 1 - alpha);
  return {
    confidence,
    alpha,
    effectiveRequests: Math.min(latencies.count, effectiveSampleSize(samples.latenciesMs)),
    ...(rate === undefined ? {} : { throughput: { low: rate.low * batchSize, high: rate.high * batchSize } }),
    ...(mean === undefined ? {} : { meanMs: { low: Math.max(0, mean.low), high: mean.high } }),
    percentiles: certaintyOfPercentiles(percentiles, samples, latencies, alpha),
    steadiness: steadinessOf(samples, tolerance),
    warmUpMs,
  };
}

/**
 * How requests depend on one another shows more in the middle of a sample than in its tail, where values are few: a sample that is too small for
 * one percentile is too small for those above it.
 */
function certaintyOfPercentiles(
  percentiles: readonly number[],
  { latenciesMs }: Samples,
  latencies: LatencyRecorder,
  alpha: number,
): Certainty['percentiles'] {
  let neededBelow = 0;
  const found: Record<string, PercentileCertainty> = {};
  for (const percent of percentiles.toSorted((left, right) => left - right)) {
    const inflation = percentileInflation(latenciesMs, toMs(latencies.percentile(percent)));
    const needsRequests = Math.max(neededRequests(percent / 100, inflation), neededBelow);
    if (latencies.count < needsRequests) neededBelow = needsRequests;
    found[String(percent)] = certaintyOfPercentile(percent / 100, { needsRequests, inflation, latencies, alpha });
  }
  return found;
}

function certaintyOfPercentile(
  percentile: number,
  {
    needsRequests,
    inflation,
    latencies,
    alpha,
  }: { needsRequests: number; inflation: number; latencies: LatencyRecorder; alpha: number },
): PercentileCertainty {
  if (latencies.count < needsRequests) return { isSupported: false, needsRequests };
  const intervalMs = percentileInterval(ordered(latencies), percentile, { confidence: 1 - alpha, inflation });
  return { isSupported: true, ...(intervalMs === undefined ? {} : { intervalMs }) };
}

/** In ms. */
const ordered = (latencies: LatencyRecorder): OrderedSample => ({
  count: latencies.count,
  valueAtRank: (rank) => toMs(ns(latencies.percentile((100 * rank) / latencies.count))),
});

/** The graver of both. A longer gap is a lower throughput. */
function steadinessOf({ latenciesMs, gapsSeconds }: Samples, tolerance: number): SteadinessVerdict {
  const latency = judgeSteadiness(latenciesMs, tolerance);
  const gaps = judgeSteadiness(gapsSeconds, tolerance);
  const drifts = {
    ...(latency.drift === undefined ? {} : { latencyDriftPercent: inPercent(latency.drift) }),
    ...(gaps.drift === undefined
      ? {}
      : { throughputDriftPercent: inPercent({ low: -gaps.drift.high, high: -gaps.drift.low }) }),
  };
  const [worse, about] =
    graver(latency, gaps) === latency ? [latency, 'latency' as const] : [gaps, 'throughput' as const];
  if (worse.verdict !== 'not-steady') return { verdict: worse.verdict, ...drifts };
  return { verdict: worse.verdict, about, reason: worse.reason, ...drifts };
}

const order: readonly Steadiness['verdict'][] = ['steady', 'undecided', 'not-steady'];

const graver = (left: Steadiness, right: Steadiness): Steadiness =>
  order.indexOf(left.verdict) >= order.indexOf(right.verdict) ? left : right;

const inPercent = ({ low, high }: Interval): Interval => ({ low: 100 * low, high: 100 * high });
