import { stringify } from 'csv-stringify/sync';
import type { SearchLimit, SearchResult } from '../src/core/search-result.js';
import type { Candidate, Metrics, Trial } from '../src/core/trial.js';

type Row = Extract<Trial, { ok: true }>;

/** The columns of Model Analyzer's `metrics-model-inference.csv`, and behind them the dimensions and all metrics by their tags. */
export function formatSearchCsv({ model, trials, limits }: SearchResult): string {
  const rows = trials.filter((trial): trial is Row => trial.ok);
  const names = (pick: (row: Row) => object): string[] => [...new Set(rows.flatMap((row) => Object.keys(pick(row))))];
  const dimensions = names(({ candidate }) => candidate);
  const tags = names(({ metrics }) => metrics);
  const isOpen = dimensions.includes('request_rate');
  const columns: readonly (readonly [title: string, value: (row: Row) => string | number | undefined])[] = [
    ['Model', () => model],
    ['Batch', () => 1],
    [isOpen ? 'Request Rate' : 'Concurrency', ({ candidate }) => candidate[isOpen ? 'request_rate' : 'concurrency']],
    ['Model Config Path', ({ candidate }) => variantName(model, candidate)],
    ['Instance Group', ({ candidate }) => candidate['instance_count']],
    ['Max Batch Size', ({ candidate }) => candidate['max_batch_size']],
    ['Satisfies Constraints', ({ metrics }) => satisfies(metrics, limits)],
    ['Throughput (infer/sec)', ({ metrics }) => metrics['perf_throughput']],
    ['p99 Latency (ms)', ({ metrics }) => metrics['perf_latency_p99']],
    ...dimensions.map((name) => [name, ({ candidate }: Row) => candidate[name]] as const),
    ...tags.map((tag) => [tag, ({ metrics }: Row) => metrics[tag]] as const),
    ['measurement_s', ({ seconds }) => seconds],
  ];
  return stringify([
    columns.map(([title]) => title),
    ...rows.map((row) => columns.map(([, value]) => value(row) ?? '')),
  ]);
}

/** Without the load, which is no part of a configuration. */
const variantName = (model: string, { concurrency: _, request_rate: __, ...settings }: Candidate): string =>
  [model, ...Object.entries(settings).map(([name, value]) => `${name}-${value}`)].join('_');

function satisfies(metrics: Metrics, limits: readonly SearchLimit[]): string {
  const kept = limits.every(({ metric, min, max }) => {
    const value = metrics[metric];
    return value !== undefined && value >= (min ?? value) && value <= (max ?? value);
  });
  return kept ? 'Yes' : 'No';
}
