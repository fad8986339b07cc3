import { cpus, freemem, totalmem } from 'node:os';
import type { ModelStatistics, StatisticDuration } from '../protocol/statistics.js';
import type { InferenceService, ModelReference } from './inference-service.js';
import { firstResponseFamilies } from './metrics-histograms.js';
import { summaryFamilies } from './metrics-summaries.js';
import { failureReasons } from './statistics/failure-reason.js';

/** What a machine and this process have used. */
export interface ResourceUsage {
  /** 0 to 1 over all cores since the last reading; since boot at the first. */
  readonly cpuUtilization: number;
  readonly memoryTotalBytes: number;
  readonly memoryUsedBytes: number;
  /** User and system time of this process, workers included. */
  readonly processCpuSeconds: number;
  readonly processResidentBytes: number;
}

export type Labels = Readonly<Record<string, string>>;

export interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary';
  readonly help: string;
  readonly samples: readonly Sample[];
}

interface Sample {
  /** Behind the name of the family. */
  readonly suffix?: '_count' | '_sum' | '_bucket';
  readonly labels: Labels;
  readonly value: number;
}

/** Which latencies there are, `--metrics-config` of Triton. */
export interface MetricsConfig {
  readonly counterLatencies: boolean;
  readonly histogramLatencies: boolean;
  readonly summaryLatencies: boolean;
  /** From 0 to 1. */
  readonly summaryQuantiles: readonly number[];
}

export const defaultMetricsConfig: MetricsConfig = {
  counterLatencies: true,
  histogramLatencies: false,
  summaryLatencies: false,
  summaryQuantiles: [0.5, 0.9, 0.95, 0.99, 0.999],
};

/** A counter of each model version and where the statistics extension holds it. */
interface Counter {
  readonly name: string;
  readonly help: string;
  readonly isLatency?: boolean;
  readonly value: (statistics: ModelStatistics) => number;
}

const microseconds = ({ ns }: StatisticDuration): number => Math.floor(ns / 1000);

const duration = (name: string, what: string, pick: (statistics: ModelStatistics) => StatisticDuration): Counter => ({
  name: `nv_inference_${name}_duration_us`,
  help: `Cumulative ${what} duration in microseconds`,
  isLatency: true,
  value: (statistics) => microseconds(pick(statistics)),
});

const counters: readonly Counter[] = [
  {
    name: 'nv_inference_request_success',
    help: 'Number of successful inference requests, all batch sizes',
    value: (model) => model.inference_stats.success.count,
  },
  {
    name: 'nv_inference_count',
    help: 'Number of inferences performed (does not include cached requests)',
    value: (model) => model.inference_count,
  },
  {
    name: 'nv_inference_exec_count',
    help: 'Number of model executions performed (does not include cached requests)',
    value: (model) => model.execution_count,
  },
  {
    name: 'nv_inference_request_duration_us',
    help: 'Cumulative inference request duration in microseconds (successful requests)',
    isLatency: true,
    value: (model) => microseconds(model.inference_stats.success),
  },
  duration('queue', 'inference queuing', (model) => model.inference_stats.queue),
  duration('compute_input', 'compute input', (model) => model.inference_stats.compute_input),
  duration('compute_infer', 'compute inference', (model) => model.inference_stats.compute_infer),
  duration('compute_output', 'inference compute output', (model) => model.inference_stats.compute_output),
];

const cacheCounters: readonly Counter[] = [
  {
    name: 'nv_cache_num_hits_per_model',
    help: 'Number of cache hits per model',
    value: (model) => model.inference_stats.cache_hit.count,
  },
  {
    name: 'nv_cache_num_misses_per_model',
    help: 'Number of cache misses per model',
    value: (model) => model.inference_stats.cache_miss.count,
  },
  {
    name: 'nv_cache_hit_duration_per_model',
    help: 'Total cache hit duration per model, in microseconds',
    isLatency: true,
    value: (model) => microseconds(model.inference_stats.cache_hit),
  },
  {
    name: 'nv_cache_miss_duration_per_model',
    help: 'Total cache miss duration (lookup and insertion) per model, in microseconds',
    isLatency: true,
    value: (model) => microseconds(model.inference_stats.cache_miss),
  },
];

/**
 * The Prometheus text of this moment (exposition format 0.0.4). Every counter is read from the statistics
 * extension, so the two are always equal; only the failures are told apart by reason, and REJECTED also counts
 * requests that found the queue full, which the extension leaves out.
 */
export function metricsText(
  service: InferenceService,
  usage: ResourceUsage,
  config: MetricsConfig = defaultMetricsConfig,
): string {
  const isShown = ({ isLatency = false }: Counter) => config.counterLatencies || !isLatency;
  const models = service.statistics({ name: '', version: '' });
  const labelsOf = (model: ModelReference) => labelsOfModel(service, model);
  const families: Family[] = [
    ...counters.filter(isShown).map(({ name, help, value }): Family => {
      const samples = models.map((model) => ({ labels: labelsOf(model), value: value(model) }));
      return { name, type: 'counter', help, samples };
    }),
    {
      name: 'nv_inference_request_failure',
      type: 'counter',
      help: 'Number of failed inference requests, all batch sizes',
      samples: service
        .failures()
        .flatMap(({ counts, ...model }) =>
          failureReasons.map((reason) => ({ labels: { ...labelsOf(model), reason }, value: counts[reason] })),
        ),
    },
    {
      name: 'nv_model_load_duration_secs',
      type: 'gauge',
      help: 'Model load time in seconds',
      samples: service.loadDurations().map((model) => ({ labels: labelsOf(model), value: model.seconds })),
    },
    {
      name: 'nv_inference_pending_request_count',
      type: 'gauge',
      help: 'Number of requests that wait for execution',
      samples: service.pendingRequests().map((model) => ({ labels: labelsOf(model), value: model.count })),
    },
    ...cacheFamilies(service, models, cacheCounters.filter(isShown)),
    ...(config.histogramLatencies ? firstResponseFamilies(keptOf(service)) : []),
    ...(config.summaryLatencies ? summaryFamilies(keptOf(service), config.summaryQuantiles) : []),
    ...usageFamilies(usage),
  ];
  return families.map(familyText).join('');
}

/** Name and version, and `_<tag>` for every entry of `metric_tags`. */
function labelsOfModel(service: InferenceService, { name, version }: ModelReference): Labels {
  const tags = Object.entries(service.modelConfig({ name, version }).metric_tags);
  return { model: name, version, ...Object.fromEntries(tags.map(([tag, value]) => [`_${tag}`, value])) };
}

/** Only of models with `response_cache`, whether the server has a cache or not. */
function cacheFamilies(
  service: InferenceService,
  models: readonly ModelStatistics[],
  shown: readonly Counter[],
): Family[] {
  const cached = models.filter((model) => service.modelConfig(model).response_cache?.enable === true);
  const family = ({ name, help, value }: Counter): Family => ({
    name,
    type: 'counter',
    help,
    samples: cached.map((model) => ({ labels: labelsOfModel(service, model), value: value(model) })),
  });
  return cached.length === 0 ? [] : shown.map(family);
}

/** What is kept of each model version, with what its samples need. */
const keptOf = (service: InferenceService) =>
  service.keptMetrics().map(({ kept, ...version }) => ({
    ...kept,
    labels: labelsOfModel(service, version),
    hasCache: service.modelConfig(version).response_cache?.enable === true,
  }));

function usageFamilies(usage: ResourceUsage): Family[] {
  const single = (name: string, type: Family['type'], help: string, value: number): Family => ({
    name,
    type,
    help,
    samples: [{ labels: {}, value }],
  });
  return [
    single('nv_cpu_utilization', 'gauge', 'CPU utilization rate [0.0 - 1.0]', usage.cpuUtilization),
    single('nv_cpu_memory_total_bytes', 'gauge', 'CPU total memory (RAM), in bytes', usage.memoryTotalBytes),
    single('nv_cpu_memory_used_bytes', 'gauge', 'CPU used memory (RAM), in bytes', usage.memoryUsedBytes),
    single('process_cpu_seconds_total', 'counter', 'CPU time of the server in seconds', usage.processCpuSeconds),
    single('process_resident_memory_bytes', 'gauge', 'Resident memory of the server', usage.processResidentBytes),
  ];
}

function familyText({ name, type, help, samples }: Family): string {
  const lines = samples.map(({ suffix = '', labels, value }) => `${name}${suffix}${labelText(labels)} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

const escapeLabel = (value: string): string =>
  value.replace(/[\\"\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`));

/** A reader of the machine's use; each reading covers the time since the one before. */
export function createUsageReader(): () => ResourceUsage {
  let before = { busy: 0, total: 0 };
  return () => {
    const now = cpuTimes();
    const total = now.total - before.total;
    const cpuUtilization = total > 0 ? (now.busy - before.busy) / total : 0;
    if (total > 0) before = now;
    const { user, system } = process.cpuUsage();
    return {
      cpuUtilization,
      memoryTotalBytes: totalmem(),
      memoryUsedBytes: totalmem() - freemem(),
      processCpuSeconds: (user + system) / 1e6,
      processResidentBytes: process.memoryUsage.rss(),
    };
  };
}

function cpuTimes(): { readonly busy: number; readonly total: number } {
  let busy = 0;
  let total = 0;
  for (const { times } of cpus()) {
    const used = times.user + times.nice + times.sys + times.irq;
    busy += used;
    total += used + times.idle;
  }
  return { busy, total };
}
