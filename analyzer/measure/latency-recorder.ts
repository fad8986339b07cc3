import { build, type Histogram } from 'hdr-histogram-js';
import type { LatencySummary } from '../../src/core/run.js';
import { type Nanoseconds, ns, toMs } from '../../src/core/units.js';

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
  readonly state: RecorderState;
}

interface RecorderState {
  readonly histogram: Histogram;
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
  readonly state: RecorderState = {
    histogram: build({
      bitBucketSize: 32,
      autoResize: false,
      lowestDiscernibleValue: 1,
      highestTrackableValue: highestTrackable,
      numberOfSignificantValueDigits: 3,
    }),
    count: 0,
    mean: 0,
    squares: 0,
    min: Number.POSITIVE_INFINITY,
    max: 0,
  };

  get count(): number {
    return this.state.count;
  }

  record(latency: Nanoseconds): void {
    const { state } = this;
    state.histogram.recordValue(Math.min(highestTrackable, Math.max(0, Math.round(latency))));
    state.count++;
    const delta = latency - state.mean;
    state.mean += delta / state.count;
    state.squares += delta * (latency - state.mean);
    if (latency < state.min) state.min = latency;
    if (latency > state.max) state.max = latency;
  }

  merge(other: LatencyRecorder): void {
    mergeInto(this.state, other.state);
  }

  mean(): Nanoseconds {
    return ns(this.state.mean);
  }

  percentile(percent: number): Nanoseconds {
    const { histogram, min, max } = this.state;
    // The histogram answers with the top of a bucket, which may lie above the largest sample.
    return ns(Math.min(max, Math.max(min, histogram.getValueAtPercentile(percent))));
  }

  summarise(percents: readonly number[]): LatencySummary | undefined {
    const { count, mean, squares, min, max } = this.state;
    if (count === 0) return undefined;
    return {
      meanMs: toMs(ns(mean)),
      stdMs: toMs(ns(count > 1 ? Math.sqrt(squares / (count - 1)) : 0)),
      minMs: toMs(ns(min)),
      maxMs: toMs(ns(max)),
      percentilesMs: Object.fromEntries(percents.map((percent) => [String(percent), toMs(this.percentile(percent))])),
    };
  }
}

function mergeInto(state: RecorderState, other: RecorderState): void {
  if (other.count === 0) return;
  state.histogram.add(other.histogram);
  const total = state.count + other.count;
  const delta = other.mean - state.mean;
  state.squares += other.squares + (delta * delta * state.count * other.count) / total;
  state.mean += (delta * other.count) / total;
  state.count = total;
  state.min = Math.min(state.min, other.min);
  state.max = Math.max(state.max, other.max);
}
