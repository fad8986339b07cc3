import type { Measured } from '../../src/core/run.js';

/** A figure that runs are compared by, under the name that searches and constraints use. */
export interface Metric {
  readonly name: string;
  readonly unit: 'ms' | 'infer/s';
  readonly isLargerBetter: boolean;
  /** Absent without a valid answer. */
  readonly value: (measured: Measured) => number | undefined;
}

const throughput: Metric = {
  name: 'perf_throughput',
  unit: 'infer/s',
  isLargerBetter: true,
  value: ({ throughput: value, requests }) => (requests === 0 ? undefined : value),
};

const latency = (name: string, value: Metric['value']): Metric => ({
  name: `perf_latency_${name}`,
  unit: 'ms',
  isLargerBetter: false,
  value,
});

const percentile = (percent: number): Metric =>
  latency(`p${percent}`, ({ latency: summary }) => summary?.percentilesMs[percent]);

/** Those that are always compared. */
export const usualMetrics: readonly Metric[] = [
  throughput,
  latency('avg', ({ latency: summary }) => summary?.meanMs),
  percentile(50),
  percentile(99),
];

/** All that a threshold may name. */
export const allMetrics: readonly Metric[] = [...usualMetrics, percentile(90), percentile(95)];
