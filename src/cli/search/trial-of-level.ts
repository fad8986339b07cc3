import { isOpenLoop } from '../../core/load-name.js';
import type { LatencySummary, Level } from '../../core/run.js';
import type { Candidate, Metrics, Trial, TrialWindow } from '../../core/trial.js';

/**
 * What a level that was measured says of a candidate.
 *
 * @param known what else is known of the candidate: what the server needed of the machine, how accurate its variant is
 */
export function trialOfLevel(candidate: Candidate, level: Level, seconds: number, known: Metrics = {}): Trial {
  const reason = whyUseless(level);
  return reason === undefined
    ? { ok: true, candidate, metrics: { ...metricsOf(level), ...known }, seconds, windows: windowsOf(level) }
    : { ok: false, candidate, reason, seconds };
}

/** A client that cannot keep up says nothing of the configuration; failed requests are what the error rate is for. */
function whyUseless({ summary, verdict, failures }: Level): string | undefined {
  if (summary.requests === 0) {
    const [first] = failures;
    return first === undefined ? 'no request was answered' : `no valid answer: ${first.code}, ${first.firstMessage}`;
  }
  return verdict.findings.find(({ severity, code }) => severity === 'invalid' && code === 'rate-shortfall')?.reason;
}

function windowsOf({ windows, summarisedWindows }: Level): TrialWindow[] {
  return windows.map(({ startMs, durationMs, throughput, latency }, index) => {
    const p99Ms = latency?.percentilesMs['99'];
    return {
      startMs,
      durationMs,
      throughput,
      ...(latency === undefined ? {} : { meanMs: latency.meanMs }),
      ...(p99Ms === undefined ? {} : { p99Ms }),
      isCounted: index >= windows.length - summarisedWindows,
    };
  });
}

const percentiles = ['50', '90', '95', '99', '99.9'];

/** By the tags of Model Analyzer; what the server did not tell is left out. */
function metricsOf(level: Level): Metrics {
  const { load, summary } = level;
  const { server, client, latency: ofAll } = summary;
  const all = summary.requests + summary.failedRequests;
  const latencies = latenciesOf(level);
  const metrics: Record<string, number | undefined> = {
    perf_throughput: summary.throughput,
    error_rate: all === 0 ? undefined : (100 * summary.failedRequests) / all,
    batch_size_achieved: server?.meanBatchSize,
    perf_server_queue: server?.queueMs,
    perf_server_compute_input: server?.computeInputMs,
    perf_server_compute_infer: server?.computeInferMs,
    perf_server_compute_output: server?.computeOutputMs,
    perf_client_send_recv: client === undefined ? undefined : client.sendMs + client.receiveMs,
    perf_client_response_wait:
      client === undefined || ofAll === undefined ? undefined : ofAll.meanMs - client.sendMs - client.receiveMs,
  };
  for (const [statistic, value] of latencies) metrics[`perf_latency_${statistic}`] = value;
  if (isOpenLoop(load)) for (const [statistic, value] of latencies) metrics[`perf_response_${statistic}`] = value;
  return Object.fromEntries(Object.entries(metrics).filter(([, value]) => value !== undefined)) as Metrics;
}

/** In ms; of several models each the largest, so that a limit holds for all of them, and nothing when one has none. */
function latenciesOf({ summary, models }: Level): (readonly [statistic: string, value: number | undefined])[] {
  const parts = models?.map((part) => part.summary) ?? [summary];
  const largest = (of: (latency: LatencySummary) => number | undefined): number | undefined => {
    const values = parts.flatMap(({ latency }) => (latency && of(latency)) ?? []);
    return values.length < parts.length ? undefined : Math.max(...values);
  };
  return [
    ['avg', largest(({ meanMs }) => meanMs)],
    ...percentiles.map((each) => [`p${each}`, largest(({ percentilesMs }) => percentilesMs[each])] as const),
  ];
}

/** The tags that a live measurement can have. */
export const liveMetrics: ReadonlySet<string> = new Set([
  'perf_throughput',
  'error_rate',
  'batch_size_achieved',
  'perf_server_queue',
  'perf_server_compute_input',
  'perf_server_compute_infer',
  'perf_server_compute_output',
  'perf_client_send_recv',
  'perf_client_response_wait',
  'cpu_used_ram',
  'cpu_available_ram',
  'cpu_utilization',
  'accuracy_cosine',
  'accuracy_top1',
  'accuracy_rel_rmse',
  'accuracy_verify',
  'perf_latency_avg',
  'perf_response_avg',
  ...percentiles.flatMap((percentile) => [`perf_latency_p${percentile}`, `perf_response_p${percentile}`]),
]);
