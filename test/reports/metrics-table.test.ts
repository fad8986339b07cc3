import test from 'ava';
import { titledText } from '../../reports/column.js';
import { formatCsv } from '../../reports/csv.js';
import { levelColumn } from '../../reports/level-tables.js';
import { metricsTable } from '../../reports/metrics-table.js';
import { formatText } from '../../reports/text.js';
import type { Level, MetricSeries } from '../../src/core/run.js';
import { levelFixture, runFixture } from '../helpers/run-fixture.js';
import { schemaErrors } from '../helpers/run-schema.js';

const gauge = (name: string, labels: Record<string, string>, mean: number, max = mean): MetricSeries => ({
  name,
  labels,
  kind: 'gauge',
  mean,
  min: mean,
  max,
});

const mebibyte = 1024 * 1024;
const first = { gpu_uuid: 'GPU-1' };
const second = { gpu_uuid: 'GPU-2' };
const level = (series: readonly MetricSeries[]): Level =>
  levelFixture({ concurrency: 2, latenciesMs: [10], metrics: { polls: 3, series } });
const withGpus = level([
  gauge('nv_cpu_utilization', {}, 0.5),
  gauge('nv_cpu_memory_used_bytes', {}, 50 * mebibyte, 60 * mebibyte),
  gauge('nv_gpu_utilization', first, 0.45),
  gauge('nv_gpu_power_usage', first, 70.25),
  gauge('nv_gpu_memory_used_bytes', first, 90 * mebibyte, 100 * mebibyte),
  gauge('nv_gpu_memory_total_bytes', first, 1000 * mebibyte),
  gauge('nv_gpu_utilization', second, 0),
]);
const concurrency = levelColumn(runFixture([]));
const metrics = { intervalMs: 1000 };

test('a run with metrics follows the schema', (t) => {
  const { settings } = runFixture([]);
  const counter: MetricSeries = { name: 'n', labels: { a: 'b' }, kind: 'counter', increase: 1, perSecond: 2 };
  const run = runFixture([level([...(withGpus.metrics?.series ?? []), counter])], {
    settings: { ...settings, metrics },
  });
  t.deepEqual(schemaErrors(run), []);
});

test('metricsTable has a row for each processor, and dashes for what was not said', (t) => {
  const lines = titledText(metricsTable([withGpus], concurrency))
    .join('\n')
    .split('\n');
  t.deepEqual(
    lines.slice(3).map((line) => line.trim().split(/ +/)),
    [
      ['2', 'CPU', '50.0', '–', '60', '–'],
      ['2', 'GPU-1', '45.0', '70.3', '100', '1000'],
      ['2', 'GPU-2', '0.0', '–', '–', '–'],
    ],
  );
});

test('metricsTable is absent without processors', (t) => {
  t.is(
    metricsTable([level([gauge('up', {}, 1)]), levelFixture({ concurrency: 1, latenciesMs: [1] })], concurrency),
    undefined,
  );
});

test('formatText shows the table', (t) => {
  t.true(formatText(runFixture([withGpus])).includes('Server, from its metrics endpoint'));
});

const gpuCells = (measured: Level): string[] => {
  const { settings } = runFixture([]);
  const run = runFixture([measured], { settings: { ...settings, metrics } });
  return formatCsv(run, { isVerbose: true })
    .trimEnd()
    .split('\n')
    .map((line) => line.split(',').slice(-4).join(','));
};

test('formatCsv has the GPU columns of perf_analyzer', (t) => {
  t.deepEqual(gpuCells(withGpus), [
    'Avg GPU Utilization,Avg GPU Power Usage,Max GPU Memory Usage,Total GPU Memory',
    `GPU-1:0.45;GPU-2:0;,GPU-1:70.25;,GPU-1:${100 * mebibyte};,GPU-1:${1000 * mebibyte};`,
  ]);
});

test('formatCsv leaves the GPU columns empty without GPUs', (t) => {
  t.is(gpuCells(level([gauge('nv_cpu_utilization', {}, 0.5)]))[1], ',,,');
});

test('formatCsv has no GPU columns unless metrics were asked for', (t) => {
  t.false(formatCsv(runFixture([withGpus]), { isVerbose: true }).includes('GPU'));
});
