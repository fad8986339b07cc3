import type { Threshold } from '../../../analyzer/compare/compare-runs.js';
import { allMetrics } from '../../../analyzer/compare/metrics.js';
import { badFlag } from './parse.js';

/**
 * `--threshold METRIC=+5%`: how much worse a figure may get; `-5%` for a throughput, which gets worse by falling.
 *
 * @throws PerfError `usage`
 */
export function parseThreshold(flag: string, text: string): Threshold {
  const [, name, sign, number] = /^(\w+)=([+-])(\d+(?:\.\d+)?)%$/.exec(text) ?? [];
  const metric = allMetrics.find((known) => known.name === name);
  if (metric === undefined) {
    const names = allMetrics.map((known) => known.name).join(', ');
    throw badFlag(flag, `METRIC=+N% (-N% for perf_throughput) with one of ${names}`, text);
  }
  const worse = metric.isLargerBetter ? '-' : '+';
  if (sign !== worse) throw badFlag(flag, `${metric.name}=${worse}N%, since that is where it gets worse`, text);
  return { metric: metric.name, share: Number(number) / 100 };
}

/** @throws PerfError `usage` unless `text` is a percentage above 0 */
export function parsePercent(flag: string, text: string): number {
  const share = shareOf(text);
  if (share === undefined || share === 0) throw badFlag(flag, 'a percentage above 0, such as 5%', text);
  return share;
}

/** @throws PerfError `usage` unless `text` is a percentage, which may be 0 */
export function parseShare(flag: string, text: string): number {
  const share = shareOf(text);
  if (share === undefined) throw badFlag(flag, 'a percentage, such as 3%', text);
  return share;
}

function shareOf(text: string): number | undefined {
  const number = /^(\d+(?:\.\d+)?)%?$/.exec(text)?.[1];
  return number === undefined ? undefined : Number(number) / 100;
}
