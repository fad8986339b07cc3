import type { Int32Histogram } from 'hdr-histogram-js';
import { ns, toMs } from '../../src/core/units.js';
import type { LatencyRecorder } from './latency-recorder.js';

/** The distribution of latencies, small enough to be looked at while the load goes on. In ms. */
export interface LatencyShape {
  readonly minMs: number;
  readonly maxMs: number;
  /** By percentile in per cent: 50, 90, 95 and 99. */
  readonly percentilesMs: Readonly<Record<string, number>>;
  /** Counts from minimum to maximum; every bin is by the same factor longer than the one before. */
  readonly bins: readonly number[];
}

const percents = [50, 90, 95, 99] as const;
const binCount = 60;

/**
 * Looks once at the part of the histogram that is filled: some thousand counts, so that it can be done twice a second beside the
 * load, where `percentile` looks at all of it each time. Absent without a latency.
 */
export function latencyShape(recorder: LatencyRecorder): LatencyShape | undefined {
  const { count, moments } = recorder;
  if (count === 0) return undefined;
  const min = Math.max(1, moments.min);
  const max = Math.max(min, moments.max);
  const bins = new Array<number>(binCount).fill(0);
  const factor = (max / min) ** (1 / binCount);
  const percentilesMs: Record<string, number> = {};
  let seen = 0;
  let found = 0;
  let bin = 0;
  let binEnd = min * factor;
  eachBucket(recorder.histogram() as Int32Histogram, { min, max }, (top, inBucket) => {
    const value = Math.min(max, Math.max(min, top));
    seen += inBucket;
    for (; value >= binEnd && bin < binCount - 1; bin++) binEnd *= factor;
    bins[bin] = (bins[bin] ?? 0) + inBucket;
    for (; seen >= rankOf(percents[found], count); found++) percentilesMs[String(percents[found])] = toMs(ns(value));
  });
  return { minMs: toMs(ns(min)), maxMs: toMs(ns(max)), percentilesMs, bins };
}

/** How many samples are at most the percentile; none have so many behind the last one. */
const rankOf = (percent: number | undefined, count: number): number =>
  percent === undefined ? Number.POSITIVE_INFINITY : Math.max(1, Math.ceil((percent * count) / 100));

/** The buckets that hold something: the largest value that each stands for, and its count. */
function eachBucket(
  histogram: Int32Histogram,
  { min, max }: { readonly min: number; readonly max: number },
  take: (top: number, count: number) => void,
): void {
  const indexOf = (value: number): number =>
    Math.min(histogram.countsArrayLength - 1, histogram.countsArrayIndex(Math.round(value)));
  const last = indexOf(max);
  // A latency of 0 counts as 1 in its moments, but has a bucket of its own.
  for (let index = Math.max(0, indexOf(min) - 1); index <= last; index++) {
    const count = histogram.getCountAtIndex(index);
    if (count > 0) take(histogram.valueFromIndex(index + 1) - 1, count);
  }
}
