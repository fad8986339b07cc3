import type { Argv } from 'yargs';
import { PerfError } from '../core/perf-error.js';
import type { ServiceOptions } from '../server/create-service.js';
import { type CompressionLevel, compressionLevels } from '../server/grpc/compressed-method.js';
import { type LogSettings, logFormats } from '../server/logging/server-log.js';
import type { MetricsConfig } from '../server/metrics.js';
import type { Restrictions } from '../server/restricted-apis.js';
import { defaultMaxInputBytes } from '../server/start-server.js';
import { backendConfig } from './flags/backend-config.js';
import { cacheBytes } from './flags/cache-flags.js';
import { headerPattern } from './flags/header-pattern.js';
import { declareIgnored, ignoredWarnings } from './flags/ignored-serve-flags.js';
import { metricsConfig } from './flags/metrics-config.js';
import { type RateLimitMode, rateLimit, rateLimitModes } from './flags/rate-limit-flags.js';
import { grpcRestrictions, httpRestrictions } from './flags/restriction-flags.js';
import { traceSettings } from './flags/serve-trace-flags.js';

/** What `serve` was asked for: flags are not looked at again. */
export interface ServeOptions extends Omit<ServiceOptions, 'cacheDirectory' | 'log'> {
  readonly allowHttp: boolean;
  readonly allowGrpc: boolean;
  readonly allowMetrics: boolean;
  readonly httpAddress: string;
  readonly grpcAddress: string;
  readonly metricsAddress: string;
  readonly httpRestrictions: Restrictions;
  readonly grpcRestrictions: Restrictions;
  readonly grpcCompression: CompressionLevel;
  readonly metrics: MetricsConfig;
  readonly httpForwardPattern: RegExp | undefined;
  readonly grpcForwardPattern: RegExp | undefined;
  readonly httpPort: number;
  readonly grpcPort: number;
  readonly metricsPort: number;
  readonly httpMaxInputBytes: number;
  readonly exitTimeoutMs: number;
  /** What the operator should know about the flags. */
  readonly warnings: readonly string[];
}

const controlModes = ['none', 'explicit', 'poll'] as const;
const largestPort = 65535;
/** Bodies are held in one buffer, and the protocol's lengths are 32-bit. */
const largestInput = 2 ** 31 - 1;
/** The longest timer that there is, about 24 days. */
const longestTimeoutSeconds = 2_147_483;

/** The flags of `serve`, named as Triton names them. Numbers are read by `serveOptions`. */
export function serveFlags<T>(yargs: Argv<T>) {
  const text = { type: 'string', requiresArg: true } as const;
  const yesOrNo = { type: 'boolean', default: true } as const;
  const many = { ...text, array: true } as const;
  return declareIgnored(yargs)
    .option('model-repository', {
      ...many,
      alias: 'model-store',
      demandOption: true,
      describe: 'Folder of models (repeatable)',
    })
    .option('allow-http', { ...yesOrNo, describe: 'Listen for HTTP/REST' })
    .option('allow-grpc', { ...yesOrNo, describe: 'Listen for gRPC' })
    .option('allow-metrics', { ...yesOrNo, describe: 'Listen for GET /metrics' })
    .option('http-port', { ...text, default: '8000', describe: 'Port of HTTP/REST; 0 picks a free one' })
    .option('grpc-port', { ...text, default: '8001', describe: 'Port of gRPC; 0 picks a free one' })
    .option('metrics-port', { ...text, default: '8002', describe: 'Port of GET /metrics; 0 picks a free one' })
    .option('http-address', { ...text, default: '127.0.0.1', describe: 'Address of HTTP/REST and metrics' })
    .option('grpc-address', { ...text, default: '127.0.0.1', describe: 'Address of gRPC' })
    .option('metrics-address', { ...text, describe: 'Address of metrics, if not --http-address' })
    .option('http-restricted-api', {
      ...many,
      describe: 'API[,API...]:HEADER=VALUE: serve these only to requests with this header (repeatable)',
    })
    .option('grpc-restricted-protocol', {
      ...many,
      describe: 'API[,API...]:KEY=VALUE: the same over gRPC, in the header triton-grpc-protocol-KEY (repeatable)',
    })
    .option('http-header-forward-pattern', {
      ...text,
      describe: 'Headers whose names match this regular expression become parameters of inferences',
    })
    .option('grpc-header-forward-pattern', { ...text, describe: 'The same over gRPC' })
    .option('model-control-mode', {
      ...text,
      choices: controlModes,
      default: 'none' as const,
      describe:
        'none: load all models at start; explicit: those of --load-model and what clients ask for; ' +
        'poll: all, and follow changes of the files',
    })
    .option('repository-poll-secs', { ...text, default: '15', describe: 'How often poll looks at the files' })
    .option('load-model', { ...many, describe: 'Model to load at start (repeatable; * = all)' })
    .option('strict-readiness', { ...yesOrNo, describe: 'Ready only when every model is' })
    .option('backend-config', { ...many, describe: 'onnxruntime,default-max-batch-size=N (repeatable)' })
    .option('exit-on-error', { type: 'boolean', default: true, describe: 'Stop when a model fails to load at start' })
    .option('exit-timeout-secs', {
      ...text,
      default: '30',
      describe: 'How long to wait for requests in flight at exit',
    })
    .option('disable-auto-complete-config', {
      type: 'boolean',
      default: false,
      describe: 'Fill nothing into a config.pbtxt from the model file',
    })
    .option('model-config-name', {
      ...text,
      describe: 'Take configs/NAME.pbtxt for config.pbtxt in the models that have it',
    })
    .option('metrics-config', {
      ...many,
      describe:
        'counter_latencies=false, histogram_latencies=true, summary_latencies=true, summary_quantiles=0.5:0.05,0.99:0.001: latencies of GET /metrics (repeatable)',
    })
    .option('cache-config', { ...many, describe: 'local,size=BYTES: keep answers of models with response_cache' })
    .option('response-cache-byte-size', { ...text, hidden: true })
    .option('rate-limit', {
      ...text,
      choices: rateLimitModes,
      default: 'off' as const,
      describe: 'execution_count: instances share the resources that their rate_limiter names',
    })
    .option('rate-limit-resource', { ...many, describe: 'NAME:COUNT: copies of a resource (repeatable)' })
    .option('log-verbose', { ...text, default: '0', describe: 'From 1 on, tell every inference' })
    .option('log-info', { ...yesOrNo, describe: 'Write what is neither a warning nor an error' })
    .option('log-warning', { ...yesOrNo, describe: 'Write warnings' })
    .option('log-error', { ...yesOrNo, describe: 'Write errors' })
    .option('log-file', { ...text, describe: 'Append the log to this file instead of writing it to standard error' })
    .option('log-format', {
      ...text,
      choices: logFormats,
      default: 'default' as const,
      describe: 'ISO8601: time and severity before each line',
    })
    .option('grpc-infer-response-compression-level', {
      ...text,
      choices: compressionLevels,
      default: 'none' as const,
      describe: 'Compress answers to inferences over gRPC; low: gzip, others: deflate, if the client reads it',
    })
    .option('trace-config', {
      ...many,
      describe: 'triton,file=PATH, level=TIMESTAMPS or TENSORS, rate=N, count=N, triton,log-frequency=N (repeatable)',
    })
    .option('strict-model-config', { type: 'boolean', default: false, hidden: true })
    .option('allow-client-shm', {
      type: 'boolean',
      default: false,
      describe: 'Let clients name regions of the shared memory of this machine',
    })
    .option('http-max-input-size', {
      ...text,
      default: String(defaultMaxInputBytes),
      describe: 'Largest JSON or raw HTTP body in bytes',
    })
    .example('$0 serve --model-repository ./models', 'Serve every model of a folder')
    .example('$0 serve --model-repository ./models --http-port 0', 'Pick a free port and print it');
}

/** The flags as the parser gives them; one that is given twice is a list. */
export interface ServeFlags {
  readonly modelRepository: readonly string[];
  readonly allowHttp: boolean;
  readonly allowGrpc: boolean;
  readonly allowMetrics: boolean;
  readonly httpPort: string;
  readonly grpcPort: string;
  readonly metricsPort: string;
  readonly httpAddress: string;
  readonly grpcAddress: string;
  readonly metricsAddress: string | undefined;
  readonly httpRestrictedApi: readonly string[] | undefined;
  readonly grpcRestrictedProtocol: readonly string[] | undefined;
  readonly httpHeaderForwardPattern: string | undefined;
  readonly grpcHeaderForwardPattern: string | undefined;
  readonly modelControlMode: (typeof controlModes)[number];
  readonly repositoryPollSecs: string;
  readonly loadModel: readonly string[] | undefined;
  readonly strictReadiness: boolean;
  readonly strictModelConfig: boolean;
  readonly logVerbose: string;
  readonly logInfo: boolean;
  readonly logWarning: boolean;
  readonly logError: boolean;
  readonly logFormat: LogSettings['log_format'];
  readonly logFile: string | undefined;
  readonly grpcInferResponseCompressionLevel: CompressionLevel;
  readonly traceConfig: readonly string[] | undefined;
  readonly metricsConfig: readonly string[] | undefined;
  readonly cacheConfig: readonly string[] | undefined;
  readonly responseCacheByteSize: string | undefined;
  readonly rateLimit: RateLimitMode;
  readonly rateLimitResource: readonly string[] | undefined;
  readonly backendConfig: readonly string[] | undefined;
  readonly exitOnError: boolean;
  readonly exitTimeoutSecs: string;
  readonly disableAutoCompleteConfig: boolean;
  readonly modelConfigName: string | undefined;
  readonly allowClientShm: boolean;
  readonly httpMaxInputSize: string;
}

/** @throws PerfError `usage` that names the flag which is not understood */
export function serveOptions(flags: ServeFlags): ServeOptions {
  const loadModels = flags.loadModel ?? [];
  const modelControlMode = once('--model-control-mode', flags.modelControlMode);
  if (modelControlMode !== 'explicit' && loadModels.length > 0) {
    throw new PerfError(
      'usage',
      `Cannot use --load-model ${loadModels[0]}: expected --model-control-mode explicit with it, got ${modelControlMode}`,
      { hint: `${modelControlMode} loads every model.` },
    );
  }
  const { defaultMaxBatchSize, warnings } = backendConfig(flags.backendConfig ?? []);
  const metrics = metricsConfig(flags.metricsConfig ?? []);
  const isStrict = once('--strict-model-config', flags.strictModelConfig);
  const httpAddress = once('--http-address', flags.httpAddress);
  return {
    modelRepositories: flags.modelRepository,
    modelControlMode,
    loadModels,
    repositoryPollMs: 1000 * pollSeconds(flags),
    strictReadiness: once('--strict-readiness', flags.strictReadiness),
    defaultMaxBatchSize,
    metrics,
    latencySummaries: metrics.summaryLatencies,
    latencyHistograms: metrics.histogramLatencies,
    cacheBytes: cacheBytes(flags.cacheConfig ?? [], once('--response-cache-byte-size', flags.responseCacheByteSize)),
    rateLimit: rateLimit(once('--rate-limit', flags.rateLimit), flags.rateLimitResource ?? []),
    logSettings: logSettings(flags),
    logFile: once('--log-file', flags.logFile),
    traceSettings: traceSettings(flags.traceConfig ?? []),
    exitOnError: once('--exit-on-error', flags.exitOnError),
    disableAutoComplete: isStrict || once('--disable-auto-complete-config', flags.disableAutoCompleteConfig),
    modelConfigName: configName(once('--model-config-name', flags.modelConfigName)),
    allowClientShm: once('--allow-client-shm', flags.allowClientShm),
    allowHttp: once('--allow-http', flags.allowHttp),
    allowGrpc: once('--allow-grpc', flags.allowGrpc),
    allowMetrics: once('--allow-metrics', flags.allowMetrics),
    httpAddress,
    metricsAddress: once('--metrics-address', flags.metricsAddress) ?? httpAddress,
    httpRestrictions: httpRestrictions(flags.httpRestrictedApi ?? []),
    grpcRestrictions: grpcRestrictions(flags.grpcRestrictedProtocol ?? []),
    grpcCompression: once('--grpc-infer-response-compression-level', flags.grpcInferResponseCompressionLevel),
    httpForwardPattern: pattern('--http-header-forward-pattern', flags.httpHeaderForwardPattern),
    grpcForwardPattern: pattern('--grpc-header-forward-pattern', flags.grpcHeaderForwardPattern),
    grpcAddress: once('--grpc-address', flags.grpcAddress),
    httpPort: integer('--http-port', flags.httpPort, { largest: largestPort }),
    grpcPort: integer('--grpc-port', flags.grpcPort, { largest: largestPort }),
    metricsPort: integer('--metrics-port', flags.metricsPort, { largest: largestPort }),
    httpMaxInputBytes: integer('--http-max-input-size', flags.httpMaxInputSize, { smallest: 1, largest: largestInput }),
    exitTimeoutMs: 1000 * integer('--exit-timeout-secs', flags.exitTimeoutSecs, { largest: longestTimeoutSeconds }),
    warnings: [...ignoredWarnings({ ...flags }), ...warnings],
  };
}

const pollSeconds = ({ repositoryPollSecs }: ServeFlags): number =>
  integer('--repository-poll-secs', repositoryPollSecs, { smallest: 1, largest: longestTimeoutSeconds });

/** @throws PerfError `usage` for a name that would lead to another folder */
function configName(name = ''): string {
  if (!/[/\\\0]/.test(name)) return name;
  throw new PerfError('usage', `Cannot use --model-config-name: expected the name of a file, got '${name}'`);
}

const logSettings = (flags: ServeFlags): Partial<LogSettings> => ({
  log_info: once('--log-info', flags.logInfo),
  log_warning: once('--log-warning', flags.logWarning),
  log_error: once('--log-error', flags.logError),
  log_verbose_level: integer('--log-verbose', flags.logVerbose, { largest: 2 ** 32 - 1 }),
  log_format: once('--log-format', flags.logFormat),
});

const pattern = (flag: string, text: string | undefined) => headerPattern(flag, once(flag, text));

function once<Value>(flag: string, value: Value): Value {
  if (!Array.isArray(value)) return value;
  throw new PerfError('usage', `Cannot use ${flag}: expected one value, got ${value.length} (${value.join(', ')})`);
}

function integer(flag: string, text: string, range: { readonly smallest?: number; readonly largest: number }): number {
  const { smallest = 0, largest } = range;
  const value = Number(once(flag, text));
  if (/^[0-9]+$/.test(text) && value >= smallest && value <= largest) return value;
  throw new PerfError('usage', `Cannot use ${flag}: expected an integer from ${smallest} to ${largest}, got '${text}'`);
}
