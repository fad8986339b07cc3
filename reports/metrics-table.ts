import type { Level, MetricSeries } from '../src/core/run.js';
import type { Column, Table, Unit } from './column.js';
import { gaugeOf, gpuMetrics } from './gpu-metrics.js';

/** One processor during one level. */
interface DeviceRow {
  readonly level: Level;
  readonly device: string;
  readonly utilization: number | undefined;
  readonly powerWatts: number | undefined;
  readonly memoryUsedBytes: number | undefined;
  readonly memoryTotalBytes: number | undefined;
}

const bytesPerMebibyte = 1024 * 1024;

/** What the server's metrics endpoint said of its processors, level by level; absent when it said nothing of them. */
export function metricsTable(levels: readonly Level[], loadColumn: Column<Level>): Table<DeviceRow> | undefined {
  const rows = levels.flatMap((level) => [
    ...cpuRows(level),
    ...gpuMetrics(level).map((gpu) => ({ ...gpu, level, device: gpu.uuid })),
  ]);
  if (rows.length === 0) return undefined;
  return {
    key: 'metrics',
    title: 'Server, from its metrics endpoint',
    columns: [
      { ...loadColumn, value: ({ level }) => loadColumn.value(level) },
      { ...form('device', 'device'), value: ({ device }) => device, align: 'left' },
      { ...form('mean use %', 'mean use', '%'), value: ({ utilization }) => times(utilization, 100), digits: 1 },
      { ...form('mean power W', 'mean power', 'W'), value: ({ powerWatts }) => powerWatts, digits: 1 },
      {
        ...form('max memory MiB', 'largest memory', 'MiB'),
        value: ({ memoryUsedBytes }) => inMebibytes(memoryUsedBytes),
      },
      { ...form('of MiB', 'memory there is', 'MiB'), value: ({ memoryTotalBytes }) => inMebibytes(memoryTotalBytes) },
    ],
    rows,
  };
}

const form = (title: string, name: string, unit: Unit = '') => ({ key: name.replaceAll(' ', '_'), title, name, unit });

const inMebibytes = (bytes: number | undefined): number | undefined => times(bytes, 1 / bytesPerMebibyte);

/** Of each server, where there are several. */
function cpuRows(level: Level): DeviceRow[] {
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

function cpuRow(level: Level, device: string, series: readonly MetricSeries[]): DeviceRow[] {
  const utilization = gaugeOf(series, 'nv_cpu_utilization')?.mean;
  const memoryUsedBytes = gaugeOf(series, 'nv_cpu_memory_used_bytes')?.max;
  const memoryTotalBytes = gaugeOf(series, 'nv_cpu_memory_total_bytes')?.max;
  if ((utilization ?? memoryUsedBytes) === undefined) return [];
  return [{ level, device, utilization, powerWatts: undefined, memoryUsedBytes, memoryTotalBytes }];
}

const times = (value: number | undefined, factor: number): number | undefined =>
  value === undefined ? undefined : value * factor;
