import type { Family, Labels } from './metrics.js';
import type { LatencySummaries } from './statistics/latency-summary.js';
import type { KeptMetrics } from './statistics/version-statistics.js';

interface SummaryFamily {
  readonly key: keyof LatencySummaries;
  readonly name: string;
  readonly help: string;
  /** Only of models with `response_cache`. */
  readonly isOfCache?: boolean;
}

const inference = (key: keyof LatencySummaries, what: string): SummaryFamily => ({
  key,
  name: `nv_inference_${key}_summary_us`,
  help: `Summary of ${what} duration in microseconds, quantiles of the last minute`,
});

const families: readonly SummaryFamily[] = [
  inference('request', 'inference request (including cached requests)'),
  inference('queue', 'inference queuing (including cached requests)'),
  inference('compute_input', 'compute input'),
  inference('compute_infer', 'compute inference'),
  inference('compute_output', 'inference compute output'),
  {
    key: 'cache_hit',
    name: 'nv_cache_hit_summary_per_model',
    help: 'Summary of cache hit duration per model, in microseconds',
    isOfCache: true,
  },
  {
    key: 'cache_miss',
    name: 'nv_cache_miss_summary_per_model',
    help: 'Summary of cache miss (lookup and insertion) duration per model, in microseconds',
    isOfCache: true,
  },
];

/** One family for each kind of summary; those about the cache only when a model has one. */
export function summaryFamilies(
  versions: readonly (KeptMetrics & { readonly labels: Labels; readonly hasCache: boolean })[],
  quantiles: readonly number[],
): Family[] {
  return families.flatMap(({ key, name, help, isOfCache = false }) => {
    const shown = versions.filter(({ hasCache }) => hasCache || !isOfCache);
    if (isOfCache && shown.length === 0) return [];
    const samples = shown.flatMap(({ labels, summaries }): Family['samples'] => {
      if (summaries === undefined) return [];
      const summary = summaries[key];
      const values = summary.quantiles(quantiles);
      return [
        { suffix: '_count', labels, value: summary.count },
        { suffix: '_sum', labels, value: summary.sumUs },
        ...quantiles.map((quantile, index) => ({
          labels: { ...labels, quantile: String(quantile) },
          value: values[index] ?? Number.NaN,
        })),
      ];
    });
    return [{ name, type: 'summary', help, samples }];
  });
}
