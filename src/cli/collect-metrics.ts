import type { MetricsSource } from '../../analyzer/measure/metrics-polls.js';
import type { MetricsClient } from '../client/metrics-client.js';
import type { TlsOptions } from '../client/tls.js';
import { messageOf, PerfError } from '../core/perf-error.js';
import type { RunSettings } from '../core/run-settings.js';
import type { MetricSample } from '../protocol/exposition.js';
import { givenMetricsUrls } from './flags/metrics-flags.js';
import { modelNames } from './open-servers.js';

/** A server whose metrics are polled. */
export interface MeteredServer {
  readonly url: string;
  /** Where it keeps its metrics, for when the user does not say. */
  readonly metricsUrl: string;
}

export interface CollectOptions {
  readonly servers: readonly MeteredServer[];
  readonly tls: TlsOptions | undefined;
}

/** A metrics endpoint, and what of it counts. */
interface Endpoint {
  readonly client: MetricsClient;
  readonly read: () => Promise<MetricSample[]>;
}

/**
 * Asks each endpoint once, so that a misspelt URL is told before the first request; then polls can go on quietly.
 * Series of other models are left out; those of several servers are labelled with `server`.
 *
 * @throws PerfError `unreachable`
 */
export async function collectMetrics(
  settings: RunSettings,
  { servers, tls }: CollectOptions,
): Promise<(AsyncDisposable & { readonly source: MetricsSource }) | undefined> {
  const { metrics } = settings;
  if (metrics === undefined) return undefined;
  const { createMetricsClient } = await import('../client/metrics-client.js');
  const given = givenMetricsUrls(metrics);
  const names = new Set(modelNames(settings));
  const isOurs = ({ labels: { model } }: MetricSample): boolean => model === undefined || names.has(model);
  const endpoints = servers.map(({ url, metricsUrl }, index): Endpoint => {
    const client = createMetricsClient(given[index] ?? metricsUrl, tls);
    const labels = servers.length > 1 ? { server: url } : {};
    const labelled = (sample: MetricSample): MetricSample => ({ ...sample, labels: { ...sample.labels, ...labels } });
    return { client, read: async () => (await client.read()).filter(isOurs).map(labelled) };
  });
  const close = async (): Promise<void> => {
    await Promise.all(endpoints.map(({ client }) => client[Symbol.asyncDispose]()));
  };
  try {
    await Promise.all(endpoints.map(({ read }) => read()));
  } catch (cause) {
    await close();
    throw new PerfError('unreachable', `Cannot collect metrics: expected a metrics endpoint, got ${messageOf(cause)}`, {
      cause,
      hint: 'Name it with --metrics-url, or leave out --collect-metrics.',
    });
  }
  return {
    source: { intervalMs: metrics.intervalMs, read: () => readAll(endpoints) },
    [Symbol.asyncDispose]: close,
  };
}

/** What those say that answer. */
async function readAll(endpoints: readonly Endpoint[]): Promise<MetricSample[] | undefined> {
  const answers = await Promise.all(endpoints.map(({ read }) => read().catch(() => undefined)));
  const said = answers.filter((samples) => samples !== undefined);
  return said.length === 0 ? undefined : said.flat();
}
