import type { ParetoPoint } from '../../src/core/search-result.js';
import type { Metrics } from '../../src/core/trial.js';
import type { Ranked } from '../trial-store.js';

const latencies = ['perf_latency_p99', 'perf_latency_avg'];
const memories = ['gpu_used_memory', 'cpu_used_ram'];

/** What is compared: a quantity that less of is better. */
type Cost = (metrics: Metrics) => number;

/**
 * The candidates than which no other one is at least as good in throughput, latency (p99, or else the mean) and memory, and better in
 * one of them. A quantity counts only if every candidate has it.
 */
export function paretoFront(ranked: readonly Ranked[]): ParetoPoint[] {
  const isEverywhere = (tag: string): boolean => ranked.every(({ mean }) => mean[tag] !== undefined);
  const costOf =
    (tag: string, sign = 1): Cost =>
    (metrics) =>
      sign * (metrics[tag] ?? 0);
  const costs = [
    ...['perf_throughput'].filter(isEverywhere).map((tag) => costOf(tag, -1)),
    ...latencies
      .filter(isEverywhere)
      .slice(0, 1)
      .map((tag) => costOf(tag)),
    ...memories.filter(isEverywhere).map((tag) => costOf(tag)),
  ];
  const dominates = (left: Metrics, right: Metrics): boolean =>
    costs.every((cost) => cost(left) <= cost(right)) && costs.some((cost) => cost(left) < cost(right));
  return ranked
    .filter(({ mean }) => !ranked.some((other) => dominates(other.mean, mean)))
    .map(({ candidate, mean, judgement }) => ({ candidate, metrics: mean, keepsLimits: judgement.kept === 'pass' }))
    .sort((left, right) => (right.metrics['perf_throughput'] ?? 0) - (left.metrics['perf_throughput'] ?? 0));
}
