import { availableParallelism } from 'node:os';
import { manifest, tool } from '../core/package-manifest.js';
import { messageOf, PerfError } from '../core/perf-error.js';
import { ns, toMs } from '../core/units.js';
import type { InferRequest, InferResponse } from '../protocol/infer.js';
import type { ServerMetadata } from '../protocol/metadata.js';
import { javascriptBackend } from './backends/javascript/backend.js';
import { onnxruntimeBackend } from './backends/onnxruntime/backend.js';
import { resolveOnnxruntime } from './backends/onnxruntime/resolve-onnxruntime.js';
import { ResponseCache } from './cache/response-cache.js';
import type { InferenceService, ModelReference } from './inference-service.js';
import { logFile } from './logging/log-file.js';
import { type LogSettings, ServerLog } from './logging/server-log.js';
import { RefusalError } from './refusal.js';
import { overrideFrom } from './repository/load-override.js';
import { ModelRepository } from './repository/model-repository.js';
import { pollRepository } from './repository/poll-repository.js';
import { RateLimiter } from './scheduling/rate-limiter.js';
import type { ServedVersion } from './served-version.js';
import { serverClock } from './server-clock.js';
import { inferWithRegions, refuseRegions, usesRegions } from './shared-memory/infer-with-regions.js';
import { disabledSharedMemory } from './shared-memory/shared-memory.js';
import { createSystemMemory } from './shared-memory/system-memory.js';
import type { TraceSettings } from './tracing/trace-settings.js';
import { Tracer } from './tracing/tracer.js';

export interface ServiceOptions {
  readonly modelRepositories: readonly string[];
  /**
   * `none`: all models are loaded at start and stay. `explicit`: those named, and whatever the load API asks for. `poll`:
   * all models, and whatever becomes of their files.
   */
  readonly modelControlMode: 'none' | 'explicit' | 'poll';
  /** Only with `poll`: from one look at the files to the next. */
  readonly repositoryPollMs?: number;
  /** Only with `explicit`; `*` alone means all. */
  readonly loadModels: readonly string[];
  /** Whether a model that fails at start ends the server; otherwise it runs and is not ready. */
  readonly exitOnError: boolean;
  /** Configurations are taken as they are, nothing is filled in from the model file. */
  readonly disableAutoComplete: boolean;
  /** Models with a file `configs/<name>.pbtxt` are configured by it. */
  readonly modelConfigName?: string;
  /** Whether a model that is not as it should be makes the server unready. */
  readonly strictReadiness?: boolean;
  /** For models that can batch and do not say how much; `undefined` = the backend's default. */
  readonly defaultMaxBatchSize?: number | undefined;
  /** Size of the response cache in bytes; `undefined` = there is none. */
  readonly cacheBytes?: number | undefined;
  /** Copies of each resource that instances share; `undefined` = there is no rate limiter. */
  readonly rateLimit?: ReadonlyMap<string, number> | undefined;
  /** Whether summaries of latencies are kept for `/metrics`. */
  readonly latencySummaries?: boolean;
  /** Whether a histogram of first responses is kept for `/metrics`, of decoupled models. */
  readonly latencyHistograms?: boolean;
  /** Whether clients may name regions of this machine's shared memory, which the server then reads and writes. */
  readonly allowClientShm: boolean;
  /** Where `onnxruntime-node` is kept when it is not installed with us. */
  readonly cacheDirectory: string;
  /** What of the log is written, and how, until a client changes it. */
  readonly logSettings?: Partial<LogSettings>;
  /** Where lines are appended instead of being given to `log`. */
  readonly logFile?: string | undefined;
  readonly traceSettings?: Partial<TraceSettings>;
  /** One line at a time, for the operator. */
  readonly log: (line: string) => void;
}

/** ONNX Runtime backend setting `default-max-batch-size`. */
const backendMaxBatchSize = 4;

/** Client scripts insist on the name. */
const serverMetadata: ServerMetadata = {
  name: 'triton',
  version: `${tool.name} ${tool.version}`,
  extensions: [
    'model_repository',
    'model_repository(unload_dependents)',
    'model_configuration',
    'binary_tensor_data',
    'classification',
    'parameters',
    'schedule_policy',
    'statistics',
    'sequence',
    'trace',
    'logging',
  ],
};

/**
 * Starts the embedded server's core: loads the models and resolves when they serve. Disposal answers every accepted
 * request and then ends all worker threads.
 * Rejects with `PerfError`: `model` for a model that cannot be loaded, `file` for a repository that cannot be read.
 */
export async function createInferenceService(given: ServiceOptions): Promise<InferenceService & AsyncDisposable> {
  const { logFile: path = '' } = given;
  const serverLog = new ServerLog(path === '' ? given.log : logFile(path), { ...given.logSettings, log_file: path });
  const log = serverLog.say;
  const options: ServiceOptions = { ...given, log };
  const { cacheDirectory } = options;
  const version = manifest.optionalDependencies['onnxruntime-node'] ?? 'latest';
  const resolve = { cacheDirectory, log, version, from: import.meta.url };
  const repository = new ModelRepository(options.modelRepositories, {
    backends: [onnxruntimeBackend(() => resolveOnnxruntime(resolve)), javascriptBackend(log)],
    clock: serverClock,
    cores: availableParallelism(),
    autoComplete: !options.disableAutoComplete,
    modelConfigName: options.modelConfigName ?? '',
    defaultMaxBatchSize: options.defaultMaxBatchSize ?? backendMaxBatchSize,
    log,
    cache: options.cacheBytes === undefined ? undefined : new ResponseCache(options.cacheBytes),
    latencySummaries: options.latencySummaries ?? false,
    latencyHistograms: options.latencyHistograms ?? false,
    limiter: options.rateLimit === undefined ? undefined : new RateLimiter(options.rateLimit),
  });
  try {
    await loadAtStart(repository, options);
  } catch (thrown) {
    await repository[Symbol.asyncDispose]();
    throw thrown;
  }
  return serviceOf(repository, serverLog, options);
}

async function loadAtStart(repository: ModelRepository, options: ServiceOptions): Promise<void> {
  const { modelControlMode, loadModels, exitOnError, log } = options;
  if (modelControlMode !== 'explicit' && loadModels.length > 0) {
    throw new PerfError(
      'usage',
      `Cannot load single models (${loadModels.join(', ')}) in model control mode ${modelControlMode}`,
      {
        hint: 'Use --model-control-mode explicit.',
      },
    );
  }
  const inRepositories = await repository.names();
  const isAll = modelControlMode !== 'explicit' || (loadModels.length === 1 && loadModels[0] === '*');
  const failures = await repository.loadAll(isAll ? inRepositories : loadModels);
  const [first] = failures;
  if (first !== undefined && exitOnError) throw first;
  for (const failure of failures) log(`error: ${failure.message}`);
}

function serviceOf(
  repository: ModelRepository,
  serverLog: ServerLog,
  { modelControlMode, allowClientShm, strictReadiness = true, repositoryPollMs = 15_000, ...options }: ServiceOptions,
): InferenceService & AsyncDisposable {
  let isEnding = false;
  const log = serverLog.say;
  const tracer = new Tracer({ settings: options.traceSettings, clock: serverClock, log });
  const polling =
    modelControlMode === 'poll' ? pollRepository(repository, { everyMs: repositoryPollMs, log }) : undefined;
  const memory = allowClientShm ? createSystemMemory() : undefined;
  const inferAlone: InferenceService['infer'] = (request, signal) => {
    const served = repository.find(request.modelName, request.modelVersion);
    if (served.inferStream !== undefined) throw severalResponses();
    if (!tracer.isOn) return served.infer(request, signal);
    return tracer.run(request, served.version, (onExecuted) => served.infer(request, signal, onExecuted));
  };
  const infer = memory === undefined ? refuseRegions(inferAlone) : inferWithRegions(inferAlone, memory);
  const requireControl = () => {
    if (modelControlMode === 'explicit') return;
    throw new RefusalError('unavailable', 'explicit model load / unload is not allowed if polling is enabled');
  };
  return {
    isLive: () => !isEnding,
    isReady: () => !isEnding && (!strictReadiness || repository.isSettled),
    isModelReady: ({ name, version }) => repository.find(name, version) !== undefined,
    serverMetadata: () => (memory === undefined ? serverMetadata : withSharedMemory(serverMetadata)),
    modelMetadata: (model) => modelMetadata(repository, model),
    modelConfig: ({ name, version }) => repository.find(name, version).config,
    statistics: (model) => selectForStatistics(repository, model).map((served) => served.statistics()),
    failures: () =>
      allReady(repository).map(({ config, version, failures }) => ({ name: config.name, version, counts: failures() })),
    pendingRequests: () =>
      allReady(repository).map(({ config, version, pendingCount }) => ({
        name: config.name,
        version,
        count: pendingCount,
      })),
    loadDurations: () =>
      allReady(repository).map(({ config, version, loadSeconds }) => ({
        name: config.name,
        version,
        seconds: loadSeconds,
      })),
    keptMetrics: () => allReady(repository).map(({ config, version, kept }) => ({ name: config.name, version, kept })),
    repositoryIndex: (filter) => repository.index(filter),
    async loadModel(name, parameters) {
      requireControl();
      await repository.load(name, overrideFrom(parameters));
    },
    async unloadModel(name, options) {
      requireControl();
      await repository.unload(name, options);
    },
    async infer(request, signal) {
      if (isEnding) throw new RefusalError('unavailable', 'Server exiting');
      if (serverLog.settings.log_verbose_level > 0) return told(request, serverLog, () => infer(request, signal));
      return infer(request, signal);
    },
    isDecoupled: ({ name, version }) => repository.find(name, version).inferStream !== undefined,
    async inferStream(request, options) {
      if (isEnding) throw new RefusalError('unavailable', 'Server exiting');
      if (usesRegions(request)) throw new RefusalError('unsupported', 'decoupled models cannot use shared memory');
      const stream = repository.find(request.modelName, request.modelVersion).inferStream;
      if (stream === undefined) throw new RefusalError('unsupported', `model '${request.modelName}' is not decoupled`);
      await stream(request, options);
    },
    log: serverLog,
    trace: {
      settings: (model) => tracer.settings(knownModel(repository, model)),
      update: (model, changes) => tracer.update(knownModel(repository, model), changes),
    },
    sharedMemory: memory ?? disabledSharedMemory(),
    async [Symbol.asyncDispose]() {
      isEnding = true;
      await polling?.[Symbol.asyncDispose]();
      await repository[Symbol.asyncDispose]();
      await tracer[Symbol.asyncDispose]();
      memory?.[Symbol.dispose]();
    },
  };
}

/** Where one response is all that there can be; front ends ask before, and have texts of their own. */
const severalResponses = (): RefusalError =>
  new RefusalError('unsupported', "a single inference doesn't support models with decoupled transaction policy");

/** @throws RefusalError `not-found` for a name that is neither empty nor that of a model */
function knownModel(repository: ModelRepository, name: string): string {
  if (name === '' || repository.entry(name) !== undefined) return name;
  throw new RefusalError('not-found', `Request for unknown model: '${name}' is not found`);
}

/** Writes a line about a request when it is answered; settles as `infer` does. */
async function told(
  { modelName, modelVersion, id }: InferRequest,
  log: ServerLog,
  infer: () => Promise<InferResponse>,
): Promise<InferResponse> {
  const start = serverClock.now();
  const tell = (end: string) => {
    const ms = toMs(ns(serverClock.now() - start)).toFixed(3);
    log.verbose(1, () => `inference of '${modelName}' version '${modelVersion}', request '${id}': ${end}, ${ms} ms`);
  };
  try {
    const response = await infer();
    tell('ok');
    return response;
  } catch (thrown) {
    tell(messageOf(thrown));
    throw thrown;
  }
}

const withSharedMemory = (metadata: ServerMetadata): ServerMetadata => ({
  ...metadata,
  extensions: [...metadata.extensions, 'system_shared_memory'],
});

const allReady = (repository: ModelRepository): ServedVersion[] =>
  [...repository.entries].flatMap((entry) => entry.readyVersions());

function modelMetadata(repository: ModelRepository, { name, version }: ModelReference) {
  const served = repository.find(name, version);
  const ready = repository.entry(name)?.readyVersions() ?? [served];
  return served.metadata((version === '' ? ready : [served]).map((each) => each.version));
}

/** Statistics have error texts of their own (v2 protocol, 7). */
function selectForStatistics(repository: ModelRepository, { name, version }: ModelReference): ServedVersion[] {
  if (name === '') return allReady(repository);
  const ready = repository.entry(name)?.readyVersions() ?? [];
  if (ready.length === 0) throw new RefusalError('invalid-argument', `requested model '${name}' is not available`);
  const selected = version === '' ? ready : ready.filter((served) => Number(served.version) === Number(version));
  if (selected.length > 0) return selected;
  throw new RefusalError('invalid-argument', `requested model version is not available for model '${name}'`);
}
