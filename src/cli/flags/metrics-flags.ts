import { PerfError } from '../../core/perf-error.js';
import type { MetricsSettings } from '../../core/run-settings.js';
import { badFlag, parseInteger } from './parse.js';

const text = { type: 'string', requiresArg: true, group: 'Server:' } as const;

/** The flags of the server's metrics endpoint. */
export const metricsFlags = {
  'collect-metrics': {
    type: 'boolean',
    default: false,
    describe: "Poll the server's metrics endpoint during each level",
    group: 'Server:',
  },
  'metrics-url': {
    ...text,
    array: true,
    default: [] as string[],
    describe: 'Where the metrics are; of several servers one for each, in the order of -u (repeatable)',
    defaultDescription: 'port 8002 of the server, path /metrics',
  },
  'metrics-interval': { ...text, describe: 'Time between two polls, in ms', defaultDescription: '1000' },
} as const;

export const repeatableMetricsFlags = ['metrics-url', 'metricsUrl'] as const;

export interface MetricsFlags {
  readonly collectMetrics: boolean;
  readonly metricsUrl: readonly string[];
  readonly metricsInterval: string | undefined;
}

/** @throws PerfError `usage` */
export function metricsSettings({
  collectMetrics,
  metricsUrl,
  metricsInterval,
}: MetricsFlags): MetricsSettings | undefined {
  const alone = metricsUrl.length === 0 ? '--metrics-interval' : '--metrics-url';
  if (!collectMetrics && (metricsUrl[0] ?? metricsInterval) !== undefined) {
    throw new PerfError('usage', `Cannot use ${alone} alone: expected --collect-metrics with it, got none`);
  }
  if (!collectMetrics) return undefined;
  const [url, ...others] = metricsUrl.map(parseMetricsUrl);
  return {
    intervalMs: parseInteger('--metrics-interval', metricsInterval ?? '1000', 1),
    ...(url === undefined ? {} : others.length === 0 ? { url } : { urls: [url, ...others] }),
  };
}

/** Where Triton keeps its metrics unless told otherwise. */
const defaultPort = 8002;

/** The metrics endpoint of a server, from what `-u` names. */
export function metricsUrlOf(serverUrl: string): string {
  const { hostname } = new URL(
    /^\w+:\/\//.test(serverUrl) ? serverUrl.replace(/^\w+:/, 'http:') : `http://${serverUrl}`,
  );
  return `http://${hostname}:${defaultPort}/metrics`;
}

/** The endpoints that the user names; none: those of the servers themselves. */
export const givenMetricsUrls = ({ url, urls }: MetricsSettings): readonly string[] =>
  urls ?? (url === undefined ? [] : [url]);

/**
 * Whether every server has an endpoint of its own.
 *
 * @param serverUrls those that `-u` names
 * @throws PerfError `usage`
 */
export function checkMetricsUrls(metrics: MetricsSettings, serverUrls: readonly string[]): void {
  const given = givenMetricsUrls(metrics);
  const count = Math.max(1, serverUrls.length);
  if (given.length > 0 && given.length !== count) {
    const expected = count === 1 ? 'one, that of the server' : `one for each of ${count} servers`;
    throw new PerfError('usage', `Cannot use --metrics-url: expected ${expected}, got ${given.length}`);
  }
  const used = given.length > 0 ? given : serverUrls.map(metricsUrlOf);
  const twice = used.find((url, index) => used.indexOf(url) < index);
  if (twice === undefined) return;
  throw new PerfError('usage', `Cannot use --collect-metrics: expected endpoints that differ, got ${twice} twice`, {
    hint: 'Name one for each -u, in the same order, with --metrics-url.',
  });
}

function parseMetricsUrl(text: string): string {
  const url = /^https?:\/\//.test(text) ? text : `http://${text}`;
  if (!URL.canParse(url)) throw badFlag('--metrics-url', 'a URL, such as http://localhost:8002/metrics', text);
  return url;
}
