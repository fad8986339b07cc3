import type { MetricsSource } from '../../analyzer/measure/metrics-polls.js';
import type { TlsOptions } from '../client/tls.js';
import { messageOf, PerfError } from '../core/perf-error.js';
import type { RunSettings } from '../core/run-settings.js';
import type { MetricSample } from '../protocol/exposition.js';
import { modelNames } from './open-servers.js';

/** Where Triton keeps its metrics unless told otherwise. */
const defaultPort = 8002;

/** The metrics endpoint of a server, from what `-u` names. */
export function metricsUrlOf(serverUrl: string): string {
  const { hostname } = new URL(
    /^\w+:\/\//.test(serverUrl) ? serverUrl.replace(/^\w+:/, 'http:') : `http://${serverUrl}`,
  );
  return `http://${hostname}:${defaultPort}/metrics`;
}

/**
 * Asks the endpoint once, so that a misspelt URL is told before the first request; then polls can go on quietly.
 * Series of other models are left out.
 *
 * @param ownUrl where the server keeps its metrics, for when the user does not say
 * @throws PerfError `unreachable`
 */
export async function collectMetrics(
  settings: RunSettings,
  { ownUrl, tls }: { readonly ownUrl: string; readonly tls: TlsOptions | undefined },
): Promise<(AsyncDisposable & { readonly source: MetricsSource }) | undefined> {
  const { metrics } = settings;
  if (metrics === undefined) return undefined;
  const { createMetricsClient } = await import('../client/metrics-client.js');
  const client = createMetricsClient(metrics.url ?? ownUrl, tls);
  const names = new Set(modelNames(settings));
  const isOurs = ({ labels: { model } }: MetricSample): boolean => model === undefined || names.has(model);
  try {
    await client.read();
  } catch (cause) {
    await client[Symbol.asyncDispose]();
    throw new PerfError('unreachable', `Cannot collect metrics: expected a metrics endpoint, got ${messageOf(cause)}`, {
      cause,
      hint: 'Name it with --metrics-url, or leave out --collect-metrics.',
    });
  }
  return {
    source: {
      intervalMs: metrics.intervalMs,
      read: async () => {
        try {
          return (await client.read()).filter(isOurs);
        } catch {
          return undefined;
        }
      },
    },
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}
