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
    describe: 'Where the metrics are',
    defaultDescription: 'port 8002 of the server, path /metrics',
  },
  'metrics-interval': { ...text, describe: 'Time between two polls, in ms', defaultDescription: '1000' },
} as const;

export interface MetricsFlags {
  readonly collectMetrics: boolean;
  readonly metricsUrl: string | undefined;
  readonly metricsInterval: string | undefined;
}

/** @throws PerfError `usage` */
export function metricsSettings({
  collectMetrics,
  metricsUrl,
  metricsInterval,
}: MetricsFlags): MetricsSettings | undefined {
  const alone = metricsUrl === undefined ? '--metrics-interval' : '--metrics-url';
  if (!collectMetrics && (metricsUrl ?? metricsInterval) !== undefined) {
    throw new PerfError('usage', `Cannot use ${alone} alone: expected --collect-metrics with it, got none`);
  }
  if (!collectMetrics) return undefined;
  return {
    intervalMs: parseInteger('--metrics-interval', metricsInterval ?? '1000', 1),
    ...(metricsUrl === undefined ? {} : { url: parseMetricsUrl(metricsUrl) }),
  };
}

function parseMetricsUrl(text: string): string {
  const url = /^https?:\/\//.test(text) ? text : `http://${text}`;
  if (!URL.canParse(url)) throw badFlag('--metrics-url', 'a URL, such as http://localhost:8002/metrics', text);
  return url;
}
