import { firstResponseFamily } from './config/metric-buckets.js';
import type { Family, Labels } from './metrics.js';
import type { KeptMetrics } from './statistics/version-statistics.js';

/** The histogram of first responses; no family without a model that has one. */
export function firstResponseFamilies(versions: readonly (KeptMetrics & { readonly labels: Labels })[]): Family[] {
  const samples = versions.flatMap(({ labels, firstResponses }): Family['samples'] => {
    if (firstResponses === undefined) return [];
    const { buckets, sum } = firstResponses;
    return [
      { suffix: '_count', labels, value: buckets.at(-1)?.count ?? 0 },
      { suffix: '_sum', labels, value: sum },
      ...buckets.map(({ bound, count }) => ({
        suffix: '_bucket' as const,
        labels: { ...labels, le: Number.isFinite(bound) ? String(bound) : '+Inf' },
        value: count,
      })),
    ];
  });
  const help = 'Duration from request to first response in milliseconds';
  return samples.length === 0 ? [] : [{ name: firstResponseFamily, type: 'histogram', help, samples }];
}
