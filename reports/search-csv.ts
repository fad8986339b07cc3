import type { SearchLimit, SearchResult } from '../src/core/search-result.js';
import { candidateKey, type Metrics, type Trial } from '../src/core/trial.js';
import { csvText } from './csv-text.js';

type Row = Extract<Trial, { ok: true }>;

/** A measurement with the search that it is of. */
interface Measured {
  readonly result: SearchResult;
  readonly row: Row;
}

type Column = readonly [title: string, value: (measured: Measured) => string | number | undefined];

/** The columns of Model Analyzer's `metrics-model-inference.csv`, and behind them the dimensions and all metrics by their tags. */
export function formatSearchCsv(result: SearchResult): string {
  const rows = result.trials.filter((trial): trial is Row => trial.ok).map((row) => ({ result, row }));
  const names = (pick: (row: Row) => object): string[] => [
    ...new Set(rows.flatMap(({ row }) => Object.keys(pick(row)))),
  ];
  const columns: readonly Column[] = [
    ...inferenceColumns(rows),
    ...names(({ candidate }) => candidate).map((name): Column => [name, ({ row }) => row.candidate[name]]),
    ...names(({ metrics }) => metrics).map((tag): Column => [tag, ({ row }) => row.metrics[tag]]),
    ['measurement_s', ({ row }) => row.seconds],
  ];
  return tableText(columns, rows);
}

/**
 * Model Analyzer's `metrics-model-inference.csv` of one or several models: configurations best first, in each the measurements within the
 * limits best first, then the others.
 */
export function formatInferenceMetrics(results: readonly SearchResult[]): string {
  const rows = results.flatMap((result) => {
    const ranked = result.ranking.flatMap((index): Measured[] => {
      const row = result.trials[index];
      return row?.ok === true ? [{ result, row }] : [];
    });
    const order = [...new Set(ranked.map(configPath))];
    return order.flatMap((name) => ranked.filter((measured) => configPath(measured) === name));
  });
  return tableText(inferenceColumns(rows), rows);
}

/** Model Analyzer's `metrics-server-only.csv`: the idle server, with the columns that there is something to say in. */
export function formatServerMetrics(results: readonly SearchResult[]): string {
  const columns: readonly (readonly [title: string, tag: string])[] = (
    [
      ['RAM Usage (MB)', 'cpu_used_ram'],
      ['Available RAM (MB)', 'cpu_available_ram'],
    ] as const
  ).filter(([, tag]) => results.some(({ idle }) => idle[tag] !== undefined));
  const rows = results.map(({ idle }) => ['triton-server', ...columns.map(([, tag]) => rounded(idle[tag]) ?? '')]);
  return csvText([['Model', ...columns.map(([title]) => title)], ...rows]);
}

const tableText = (columns: readonly Column[], rows: readonly Measured[]): string =>
  csvText([
    columns.map(([title]) => title),
    ...rows.map((measured) => columns.map(([, value]) => value(measured) ?? '')),
  ]);

function inferenceColumns(rows: readonly Measured[]): Column[] {
  const isOpen = rows.some(({ row }) => row.candidate['request_rate'] !== undefined);
  return [
    ['Model', ({ result }) => result.model],
    ['Batch', ({ result, row }) => row.candidate['batch_size'] ?? result.batchSize],
    isOpen
      ? ['Request Rate', ({ row }) => row.candidate['request_rate']]
      : ['Concurrency', ({ row }) => row.candidate['concurrency']],
    ['Model Config Path', configPath],
    ['Instance Group', (measured) => variantOf(measured)?.instanceGroup],
    ['Max Batch Size', (measured) => variantOf(measured)?.maxBatchSize],
    ['Satisfies Constraints', ({ result, row }) => satisfies(row.metrics, result.limits)],
    ['Throughput (infer/sec)', ({ row }) => rounded(row.metrics['perf_throughput'])],
    ['p99 Latency (ms)', ({ row }) => rounded(row.metrics['perf_latency_p99'])],
  ];
}

/** Six digits are more than a measurement has. */
const rounded = (value: number | undefined): number | undefined =>
  value === undefined ? undefined : Number(value.toPrecision(6));

function variantOf({ result, row }: Measured): SearchResult['variants'][number] | undefined {
  const { concurrency: _, request_rate: __, batch_size: ___, ...settings } = row.candidate;
  const key = candidateKey(settings);
  return result.variants.find((variant) => candidateKey(variant.settings) === key);
}

const configPath = (measured: Measured): string => variantOf(measured)?.name ?? '';

function satisfies(metrics: Metrics, limits: readonly SearchLimit[]): string {
  const kept = limits.every(({ metric, min, max }) => {
    const value = metrics[metric];
    return value !== undefined && value >= (min ?? value) && value <= (max ?? value);
  });
  return kept ? 'Yes' : 'No';
}
