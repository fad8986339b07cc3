import type { Measured } from '../../src/core/run.js';
import type { PooledWindows } from './pooled-windows.js';

/** A figure that runs are compared by, under the name that searches and constraints use. */
export interface Metric {
  readonly name: string;
  readonly unit: 'ms' | 'infer/s';
  readonly isLargerBetter: boolean;
  /** Absent without a valid answer. */
  readonly value: (measured: Measured) => number | undefined;
  /** NaN without a valid answer. */
  readonly pooled: (windows: PooledWindows) => number;
  /** How finely it is recorded, as a share. */
  readonly resolution: number;
}

const throughput: Metric = {
  name: 'perf_throughput',
  unit: 'infer/s',
  isLargerBetter: true,
  value: ({ throughput: value, requests }) => (requests === 0 ? undefined : value),
  pooled: ({ inferences, requests, durationMs }) => (requests === 0 ? Number.NaN : (1000 * inferences) / durationMs),
  resolution: 0,
};

const latency = (name: string, figure: Pick<Metric, 'value' | 'pooled' | 'resolution'>): Metric => ({
  name: `perf_latency_${name}`,
  unit: 'ms',
  isLargerBetter: false,
  ...figure,
});

/** HdrHistogram keeps three digits. */
const percentile = (percent: number): Metric =>
  latency(`p${percent}`, {
    value: ({ latency: summary }) => summary?.percentilesMs[percent],
    pooled: ({ percentileMs }) => percentileMs(percent),
    resolution: 0.001,
  });

/** Those that are always compared. */
export const usualMetrics: readonly Metric[] = [
  throughput,
  latency('avg', {
    value: ({ latency: summary }) => summary?.meanMs,
    pooled: ({ latencySumMs, requests }) => latencySumMs / requests,
    resolution: 0,
  }),
  percentile(50),
  percentile(99),
];

/** All that a threshold may name. */
export const allMetrics: readonly Metric[] = [...usualMetrics, percentile(90), percentile(95)];
