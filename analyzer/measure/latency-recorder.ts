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

export function createLatencyRecorder(): LatencyRecorder {
  const histogram = build({
    bitBucketSize: 32,
    autoResize: false,
    lowestDiscernibleValue: 1,
    highestTrackableValue: highestTrackable,
    numberOfSignificantValueDigits: 3,
  });
  const state: RecorderState = { histogram, count: 0, mean: 0, squares: 0, min: Number.POSITIVE_INFINITY, max: 0 };

  const record = (latency: Nanoseconds): void => {
    histogram.recordValue(Math.min(highestTrackable, Math.max(0, Math.round(latency))));
    state.count++;
    const delta = latency - state.mean;
    state.mean += delta / state.count;
    state.squares += delta * (latency - state.mean);
    if (latency < state.min) state.min = latency;
    if (latency > state.max) state.max = latency;
  };

  const percentile = (percent: number): Nanoseconds =>
    // The histogram answers with the top of a bucket, which may lie above the largest sample.
    ns(Math.min(state.max, Math.max(state.min, histogram.getValueAtPercentile(percent))));

  return {
    get count() {
      return state.count;
    },
    state,
    record,
    merge: (other) => mergeInto(state, other.state),
    mean: () => ns(state.mean),
    percentile,
    summarise: (percents) =>
      state.count === 0
        ? undefined
        : {
            meanMs: toMs(ns(state.mean)),
            stdMs: toMs(ns(state.count > 1 ? Math.sqrt(state.squares / (state.count - 1)) : 0)),
            minMs: toMs(ns(state.min)),
            maxMs: toMs(ns(state.max)),
            percentilesMs: Object.fromEntries(percents.map((percent) => [String(percent), toMs(percentile(percent))])),
          },
  };
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
