import { type Histogram, Int32Histogram } from 'hdr-histogram-js';
import type { LatencySummary } from '../../src/core/run.js';
import { type Nanoseconds, ns, toMs } from '../../src/core/units.js';
import { packCounts, unpackCounts } from './packed-counts.js';

/** One hour: longer latencies are counted as one hour in percentiles; mean, deviation and extremes stay exact. */
const highestTrackable = 3_600e9;

/**
 * Collects latencies in bounded memory: an HdrHistogram (3 significant digits, 1 ns to 1 h) for percentiles, and exact
 * moments by Welford's method (Knuth, TAOCP vol. 2, 4.2.2), whose merge is Chan, Golub and LeVeque (1979).
 */
export interface LatencyRecorder {
  readonly count: number;
  record(latency: Nanoseconds): void;
  /** Adds everything that `other` holds; exact. */
  merge(other: LatencyRecorder): void;
  mean(): Nanoseconds;
  percentile(percent: number): Nanoseconds;
  /** Absent without a sample. */
  summarise(percents: readonly number[]): LatencySummary | undefined;
  /** Everything that was recorded; not to be changed. */
  histogram(): Histogram;
  /** Holds the same in some KB instead of 135. For a recorder that gets no more: what asks later has a histogram made for it. */
  compact(): void;
  readonly moments: Moments;
}

interface Moments {
  count: number;
  mean: number;
  squares: number;
  min: number;
  max: number;
}

export const createLatencyRecorder = (): LatencyRecorder => new HdrRecorder();

/**
 * A class rather than closures: every window has recorders of its own, and code that was optimised for the closures of one
 * window is thrown away at the next, in the middle of the load.
 */
class HdrRecorder implements LatencyRecorder {
  private whole: Int32Histogram | undefined = emptyHistogram();
  private packed: Uint8Array | undefined;
  readonly moments: Moments = {
    count: 0,
    mean: 0,
    squares: 0,
    min: Number.POSITIVE_INFINITY,
    max: 0,
  };

  get count(): number {
    return this.moments.count;
  }

  record(latency: Nanoseconds): void {
    const { moments } = this;
    this.whole ??= this.unpacked();
    this.whole.recordValue(Math.min(highestTrackable, Math.max(0, Math.round(latency))));
    moments.count++;
    const delta = latency - moments.mean;
    moments.mean += delta / moments.count;
    moments.squares += delta * (latency - moments.mean);
    if (latency < moments.min) moments.min = latency;
    if (latency > moments.max) moments.max = latency;
  }

  merge(other: LatencyRecorder): void {
    if (other.count === 0) return;
    this.whole ??= this.unpacked();
    this.whole.add(other.histogram() as Int32Histogram);
    mergeInto(this.moments, other.moments);
  }

  mean(): Nanoseconds {
    return ns(this.moments.mean);
  }

  histogram(): Histogram {
    return this.whole ?? this.unpacked();
  }

  compact(): void {
    if (this.whole === undefined) return;
    this.packed = packCounts(this.whole);
    this.whole = undefined;
  }

  percentile(percent: number): Nanoseconds {
    return this.percentileOf(this.histogram(), percent);
  }

  private unpacked(): Int32Histogram {
    const histogram = emptyHistogram();
    if (this.packed !== undefined) unpackCounts(this.packed, histogram);
    return histogram;
  }

  private percentileOf(histogram: Histogram, percent: number): Nanoseconds {
    const { min, max } = this.moments;
    // The histogram answers with the top of a bucket, which may lie above the largest sample.
    return ns(Math.min(max, Math.max(min, histogram.getValueAtPercentile(percent))));
  }

  summarise(percents: readonly number[]): LatencySummary | undefined {
    const { count, mean, squares, min, max } = this.moments;
    if (count === 0) return undefined;
    const histogram = this.histogram();
    return {
      meanMs: toMs(ns(mean)),
      stdMs: toMs(ns(count > 1 ? Math.sqrt(squares / (count - 1)) : 0)),
      minMs: toMs(ns(min)),
      maxMs: toMs(ns(max)),
      percentilesMs: Object.fromEntries(
        percents.map((percent) => [String(percent), toMs(this.percentileOf(histogram, percent))]),
      ),
    };
  }
}

const emptyHistogram = (): Int32Histogram => new Int32Histogram(1, highestTrackable, 3);

function mergeInto(moments: Moments, other: Moments): void {
  const total = moments.count + other.count;
  const delta = other.mean - moments.mean;
  moments.squares += other.squares + (delta * delta * moments.count * other.count) / total;
  moments.mean += (delta * other.count) / total;
  moments.count = total;
  moments.min = Math.min(moments.min, other.min);
  moments.max = Math.max(moments.max, other.max);
}
