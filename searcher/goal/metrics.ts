/** A quantity that a search can aim at or limit. */
export interface Metric {
  readonly tag: string;
  /** What one has more of is better, or worse. */
  readonly better: 'more' | 'less';
  readonly unit: string;
}

const more = (unit: string, ...tags: readonly string[]): Metric[] => tags.map((tag) => ({ tag, better: 'more', unit }));
const less = (unit: string, ...tags: readonly string[]): Metric[] => tags.map((tag) => ({ tag, better: 'less', unit }));

const statistics = ['avg', 'p50', 'p90', 'p95', 'p99', 'p99.9'];

/** The tags of Model Analyzer, and ours: p50, p99.9, response time, error rate, batch size, CPU use, accuracy. */
export const metrics: readonly Metric[] = [
  ...more('infer/s', 'perf_throughput'),
  ...less('ms', ...statistics.map((statistic) => `perf_latency_${statistic}`)),
  ...less('ms', ...statistics.map((statistic) => `perf_response_${statistic}`)),
  ...less('ms', 'perf_client_response_wait', 'perf_client_send_recv', 'perf_server_queue'),
  ...less('ms', 'perf_server_compute_input', 'perf_server_compute_infer', 'perf_server_compute_output'),
  ...less('MB', 'gpu_used_memory', 'cpu_used_ram'),
  ...more('MB', 'gpu_free_memory', 'cpu_available_ram'),
  ...less('%', 'gpu_utilization', 'cpu_utilization', 'error_rate'),
  ...less('W', 'gpu_power_usage'),
  ...more('inferences', 'batch_size_achieved'),
  ...more('', 'accuracy', 'accuracy_cosine', 'accuracy_top1', 'accuracy_verify'),
  ...less('', 'accuracy_rel_rmse'),
];

const byTag: ReadonlyMap<string, Metric> = new Map(metrics.map((metric) => [metric.tag, metric]));

/** The metric of a tag; Model Analyzer's `perf_latency` is p99. `undefined`: there is none of that name. */
export const metricOf = (tag: string): Metric | undefined =>
  byTag.get(tag === 'perf_latency' ? 'perf_latency_p99' : tag);
