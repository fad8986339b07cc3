import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../core/clock.js';
import { PerfError } from '../core/perf-error.js';
import type { ModelConfig } from '../protocol/model-config.js';
import type { Backend, InstanceOptions, ModelInstance } from './backends/backend.js';
import { type Backends, backendOf } from './backends/backend-of.js';
import { CrashCount } from './backends/crash-count.js';
import type { ComposingModels } from './backends/ensemble/composing-models.js';
import { serveEnsemble } from './backends/ensemble/serve-ensemble.js';
import { isEnsemble } from './backends/ensemble/validate-ensemble.js';
import type { ResponseCache } from './cache/response-cache.js';
import { checkGraph } from './config/check-graph.js';
import { completeConfig } from './config/complete-config.js';
import { isDecoupled } from './config/is-decoupled.js';
import { firstResponseBuckets, firstResponseFamily, unknownFamilies } from './config/metric-buckets.js';
import { normalizeBatcher } from './config/normalize-config.js';
import { prepareSequences } from './config/prepare-sequences.js';
import { readLabels } from './config/read-labels.js';
import { planExecution, planTensors } from './config/tensor-plan.js';
import { validateGroups, validateTensors } from './config/validate-config.js';
import { readWarmupSamples } from './config/warmup-samples.js';
import { limitedInstance } from './scheduling/limited-instance.js';
import { type InstanceNeeds, instanceNeeds, type RateLimiter } from './scheduling/rate-limiter.js';
import { type ServedVersion, serveVersion } from './served-version.js';
import { Histogram } from './statistics/histogram.js';
import { newLatencySummaries } from './statistics/latency-summary.js';
import { VersionStatistics } from './statistics/version-statistics.js';
import { warmUp } from './warm-up.js';

/** How versions are loaded, the same for every model. */
export interface LoadPolicy {
  readonly backends: Backends<Backend>;
  /** What ensembles are made of. */
  readonly models: ComposingModels;
  readonly clock: Clock;
  /** Processor cores that the instances share. */
  readonly cores: number;
  readonly autoComplete: boolean;
  /** Which file in `configs` configures a model that has it; '' = none does. */
  readonly modelConfigName?: string;
  /** For models that can batch and do not say how much. */
  readonly defaultMaxBatchSize: number;
  readonly log: (line: string) => void;
  /** `undefined` = instances run whenever they are free. */
  readonly limiter?: RateLimiter | undefined;
  readonly latencySummaries?: boolean;
  readonly latencyHistograms?: boolean;
  /** `undefined` = nothing is kept, whatever configurations say. */
  readonly cache?: ResponseCache | undefined;
}

export interface VersionOptions {
  readonly version: string;
  /** The version's folder. */
  readonly directory: string;
  /** Normalised head; inputs, outputs and batching may still be open. */
  readonly config: ModelConfig;
  /** What is served now and is to be replaced; its files are the same. */
  readonly before?: ServedVersion | undefined;
  readonly onDead: (reason: string) => void;
}

/**
 * Brings one version up: the first instance reads the model file, which completes the configuration, and the others
 * follow. An ensemble has neither; its models are loaded already. Rejects with `PerfError`; then nothing is left running.
 */
export async function loadVersion(options: VersionOptions, policy: LoadPolicy): Promise<ServedVersion> {
  const { models, clock } = policy;
  const head = options.config;
  const begin = clock.now();
  const loadSeconds = () => (clock.now() - begin) / 1e9;
  if (isEnsemble(head)) {
    const labels = await readLabels(head, dirname(options.directory));
    const statistics = statisticsFor(head, policy);
    const given = { version: options.version, config: head, labels, models, clock, statistics };
    return serveEnsemble({ ...given, loadSeconds: loadSeconds() });
  }
  const backend = backendOf(head, policy.backends);
  const modelPath = join(options.directory, head.default_model_filename);
  await access(modelPath).catch((cause) => {
    throw new PerfError('model', `model file is missing: expected ${modelPath}`, { cause });
  });
  validateGroups(head);
  const named = instancesOf(head);
  const active = named.filter(({ isPassive }) => !isPassive).length;
  const defaultThreads = Math.max(1, Math.floor(policy.cores / Math.max(1, active)));
  const threads = backend.threadsPerInstance(head, defaultThreads);
  boundThreads(head, { instances: named.length, threads });
  warnWhenCrowded(head, { instances: active, threads, policy });
  warnOfIgnored(head, backend, policy);
  const instances: ModelInstance[] = [];
  const passive: ModelInstance[] = [];
  const crashes = new CrashCount();
  const { version, directory, onDead } = options;
  const common = { modelName: head.name, version, directory, modelPath, config: head, defaultThreads, crashes };
  const start = async ({ name, ordinal, needs, isPassive }: NamedInstance) => {
    const instance: InstanceOptions = { ...common, name, ordinal };
    if (isPassive) {
      passive.push(await backend.startInstance(instance));
      return;
    }
    const turns = policy.limiter?.join(needs);
    const started = await backend.startInstance(instance).catch((thrown) => {
      turns?.[Symbol.dispose]();
      throw thrown;
    });
    instances.push(turns === undefined ? started : limitedInstance(started, turns, policy.clock));
  };
  try {
    const [first, ...others] = named;
    if (first !== undefined) await start(first);
    const graph = instances[0]?.graph;
    const completed = graph !== undefined && policy.autoComplete ? completeConfig(head, graph, policy) : head;
    const config = normalizeBatcher(completed);
    validateTensors(config);
    if (graph !== undefined) checkGraph(config, graph);
    const plan = planTensors(config, graph ?? { inputs: [], outputs: [] });
    const labels = await readLabels(config, dirname(options.directory));
    const sequences = await prepareSequences(config, plan, dirname(options.directory));
    const samples = await readWarmupSamples(config, dirname(options.directory));
    const results = await Promise.allSettled(others.map(start));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    const execution = planExecution(sequences?.execution ?? plan, config);
    const { statistics, ofWarmUp } = countersFor(config, options.before, policy);
    const { cache } = policy;
    const served = { config, plan, execution, sequences, backend, instances, passive, clock, statistics, crashes };
    await warmUp({ ...served, samples, statistics: ofWarmUp });
    return serveVersion({ ...served, version, labels, cache, onDead, loadSeconds: loadSeconds() });
  } catch (thrown) {
    await Promise.all([...instances, ...passive].map((instance) => instance[Symbol.asyncDispose]()));
    throw thrown;
  }
}

/** A model of which only instances or the version policy change keeps its statistics (model configuration, 8.4). */
function countersFor(config: ModelConfig, before: ServedVersion | undefined, policy: LoadPolicy) {
  const others = { instance_group: [], version_policy: {} };
  const isSame = before !== undefined && isDeepStrictEqual({ ...before.config, ...others }, { ...config, ...others });
  const kept = isSame ? before.counters : undefined;
  const statistics = kept ?? statisticsFor(config, policy);
  return { statistics, ofWarmUp: kept === undefined ? statistics : new VersionStatistics() };
}

function statisticsFor(config: ModelConfig, { latencySummaries, latencyHistograms, clock, log }: LoadPolicy) {
  const buckets = firstResponseBuckets(config);
  for (const family of unknownFamilies(config)) {
    log(`warning: model '${config.name}': model_metrics: expected ${firstResponseFamily}, got '${family}'`);
  }
  return new VersionStatistics({
    summaries: latencySummaries ? newLatencySummaries(clock) : undefined,
    firstResponses: latencyHistograms && isDecoupled(config) ? new Histogram(buckets) : undefined,
  });
}

interface NamedInstance {
  readonly name: string;
  readonly ordinal: number;
  readonly needs: InstanceNeeds;
  /** It is loaded, and never runs anything. */
  readonly isPassive: boolean;
}

/** Passive ones come last: the first reads the model file for all. */
const instancesOf = (config: ModelConfig): NamedInstance[] =>
  config.instance_group
    .flatMap(({ name, count, passive: isPassive, rate_limiter }) => {
      const needs = instanceNeeds(rate_limiter);
      return Array.from({ length: count }, (_, index) => ({ name: `${name}_${index}`, needs, isPassive }));
    })
    .map((instance, ordinal) => ({ ...instance, ordinal }))
    .toSorted((left, right) => Number(left.isPassive) - Number(right.isPassive));

function warnOfIgnored(config: ModelConfig, backend: Backend, { log }: LoadPolicy): void {
  for (const key of backend.ignoredParameters?.(config) ?? []) {
    log(`warning: model '${config.name}': parameter '${key}' changes nothing here`);
  }
}

/** Of all instances together, those that are idle included. */
const mostThreads = 1024;

function boundThreads(
  { name }: ModelConfig,
  { instances, threads }: { readonly instances: number; readonly threads: number },
): void {
  if (instances * threads <= mostThreads) return;
  const got = `${instances} instances x ${threads} threads`;
  throw new PerfError('model', `model ${name} must have at most ${mostThreads} threads, got ${got}`);
}

function warnWhenCrowded(
  config: ModelConfig,
  { instances, threads, policy }: { readonly instances: number; readonly threads: number; readonly policy: LoadPolicy },
): void {
  if (instances * threads <= policy.cores) return;
  policy.log(
    `warning: model '${config.name}': ${instances} instances x ${threads} threads exceed the ${policy.cores} cores`,
  );
}
