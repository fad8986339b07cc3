import type { Level, MetricSeries } from '../src/core/run.js';
import { gaugeOf, gpuMetrics } from './gpu-metrics.js';
import { formatTable, type TextColumn } from './table.js';

/** One processor during one level. */
interface Row {
  readonly level: Level;
  readonly device: string;
  readonly utilization: number | undefined;
  readonly powerWatts: number | undefined;
  readonly memoryUsedBytes: number | undefined;
  readonly memoryTotalBytes: number | undefined;
}

const bytesPerMebibyte = 1024 * 1024;

/** What the server's metrics endpoint said of its processors, level by level; absent when it said nothing of them. */
export function formatMetrics(levels: readonly Level[], loadColumn: TextColumn<Level>): string | undefined {
  const rows = levels.flatMap((level) => [
    ...cpuRows(level),
    ...gpuMetrics(level).map((gpu) => ({ ...gpu, level, device: gpu.uuid })),
  ]);
  if (rows.length === 0) return undefined;
  const columns: TextColumn<Row>[] = [
    { ...loadColumn, value: ({ level }) => loadColumn.value(level) },
    { title: 'device', value: ({ device }) => device, align: 'left' },
    { title: 'mean use %', value: ({ utilization }) => times(utilization, 100), digits: 1 },
    { title: 'mean power W', value: ({ powerWatts }) => powerWatts, digits: 1 },
    { title: 'max memory MiB', value: ({ memoryUsedBytes }) => times(memoryUsedBytes, 1 / bytesPerMebibyte) },
    { title: 'of MiB', value: ({ memoryTotalBytes }) => times(memoryTotalBytes, 1 / bytesPerMebibyte) },
  ];
  return `Server, from its metrics endpoint\n${formatTable(columns, rows)}`;
}

/** Of each server, where there are several. */
function cpuRows(level: Level): Row[] {
  const all = level.metrics?.series ?? [];
  const servers = new Set(all.map(({ labels }) => labels['server']));
  return [...servers].flatMap((server) => {
    const device = server === undefined ? 'CPU' : `CPU of ${server}`;
    return cpuRow(
      level,
      device,
      all.filter(({ labels }) => labels['server'] === server),
    );
  });
}

function cpuRow(level: Level, device: string, series: readonly MetricSeries[]): Row[] {
  const utilization = gaugeOf(series, 'nv_cpu_utilization')?.mean;
  const memoryUsedBytes = gaugeOf(series, 'nv_cpu_memory_used_bytes')?.max;
  const memoryTotalBytes = gaugeOf(series, 'nv_cpu_memory_total_bytes')?.max;
  if ((utilization ?? memoryUsedBytes) === undefined) return [];
  return [{ level, device, utilization, powerWatts: undefined, memoryUsedBytes, memoryTotalBytes }];
}

const times = (value: number | undefined, factor: number): number | undefined =>
  value === undefined ? undefined : value * factor;
