import type { LatencyLimit } from '../../core/certify.js';
import { milliseconds } from './duration.js';
import { badFlag } from './parse.js';

const form = /^perf_latency_p(\d+(?:\.\d+)?)\s*<=\s*([\d.]+(?:us|ms|s))$/;

/**
 * `perf_latency_p99<=15ms`.
 *
 * @param expected what the flag takes
 * @throws PerfError `usage`
 */
function parseLatencyLimit(flag: string, text: string, expected: string, whole = text): LatencyLimit {
  const [, percent = '', time = ''] = form.exec(text) ?? [];
  const percentile = Number(percent);
  const limitMs = time.endsWith('us') ? (milliseconds(time.replace('us', 'ms')) ?? 0) / 1000 : milliseconds(time);
  if (!(percentile > 0 && percentile < 100) || limitMs === undefined || limitMs === 0)
    throw badFlag(flag, expected, whole);
  return { percentile, limitMs };
}

const certifyForm = 'perf_latency_pN<=TIME@CONFIDENCE, such as perf_latency_p99<=15ms@99%';

/** `perf_latency_p99<=15ms@99%`; 99 % unless given. */
export function parseCertify(flag: string, text: string): LatencyLimit & { readonly confidencePercent: number } {
  const [, limit = '', confidence = '99'] = /^([^@]*)(?:@(\d+(?:\.\d+)?)%)?$/.exec(text.trim()) ?? [];
  const confidencePercent = Number(confidence);
  if (!(confidencePercent >= 50 && confidencePercent < 100)) throw badFlag(flag, certifyForm, text);
  return { ...parseLatencyLimit(flag, limit.trim(), certifyForm, text), confidencePercent };
}

/** `perf_latency_p99<=50ms`, without a confidence. */
export const parseMaxRateLimit = (flag: string, text: string): LatencyLimit =>
  parseLatencyLimit(flag, text.trim(), 'perf_latency_pN<=TIME, such as perf_latency_p99<=50ms', text);
