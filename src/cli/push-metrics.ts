import { messageOf, PerfError } from '../core/perf-error.js';
import { badFlag } from './flags/parse.js';

const timeoutMs = 10_000;

/** Where metrics go when the address has no path of its own. */
const usualPath = '/metrics/job/perf_analyze';

/** @throws PerfError `usage` unless it is an address of HTTP */
export function parsePushgateway(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw badFlag('--pushgateway', 'an address such as http://localhost:9091', text);
  }
  if (url.pathname === '/') url.pathname = usualPath;
  return url.href;
}

/**
 * Puts metrics into the place of those that a Prometheus Pushgateway has of the job. They are all gauges, so that OpenMetrics text is
 * valid in the form that a Pushgateway reads, too (text format 0.0.4).
 *
 * @throws PerfError `unreachable` when it does not take them
 */
export async function pushMetrics(url: string, text: string): Promise<void> {
  const refused = (got: string, cause?: unknown): PerfError =>
    new PerfError('unreachable', `Cannot push to --pushgateway ${url}: expected an answer of 200 or 202, got ${got}`, {
      cause,
    });
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'PUT',
      headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
      body: text,
      signal: AbortSignal.timeout(timeoutMs),
    });
  } catch (cause) {
    throw refused(messageOf(cause instanceof Error && cause.cause !== undefined ? cause.cause : cause), cause);
  }
  const answer = await response.text();
  if (!response.ok) throw refused(`${response.status} ${answer.trim().slice(0, 200)}`);
}
