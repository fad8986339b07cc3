import type { Level, MetricSeries } from '../src/core/run.js';

/** What the metrics endpoint said of one GPU, as perf_analyzer sums it up; absent parts were not said. */
export interface GpuMetrics {
  readonly uuid: string;
  /** Mean, 0 to 1. */
  readonly utilization: number | undefined;
  /** Mean. */
  readonly powerWatts: number | undefined;
  /** Largest. */
  readonly memoryUsedBytes: number | undefined;
  readonly memoryTotalBytes: number | undefined;
}

/** By the order in which the endpoint names them; empty without GPUs. */
export function gpuMetrics({ metrics }: Level): GpuMetrics[] {
  const series = metrics?.series ?? [];
  const uuids = new Set(series.flatMap(({ labels }) => labels['gpu_uuid'] ?? []));
  return [...uuids].map((uuid) => {
    const own = series.filter(({ labels }) => labels['gpu_uuid'] === uuid);
    return {
      uuid,
      utilization: gaugeOf(own, 'nv_gpu_utilization')?.mean,
      powerWatts: gaugeOf(own, 'nv_gpu_power_usage')?.mean,
      memoryUsedBytes: gaugeOf(own, 'nv_gpu_memory_used_bytes')?.max,
      memoryTotalBytes: gaugeOf(own, 'nv_gpu_memory_total_bytes')?.max,
    };
  });
}

/** A gauge by its name. */
export function gaugeOf(
  series: readonly MetricSeries[],
  name: string,
): Extract<MetricSeries, { kind: 'gauge' }> | undefined {
  const found = series.find((candidate) => candidate.name === name);
  return found?.kind === 'gauge' ? found : undefined;
}
