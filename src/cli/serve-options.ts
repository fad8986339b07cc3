import type { Argv } from 'yargs';
import { PerfError } from '../core/perf-error.js';
import type { ServiceOptions } from '../server/create-service.js';
import { defaultMaxInputBytes } from '../server/start-server.js';

/** What `serve` was asked for: flags are not looked at again. */
export interface ServeOptions extends Omit<ServiceOptions, 'cacheDirectory' | 'log'> {
  readonly httpAddress: string;
  readonly grpcAddress: string;
  readonly httpPort: number;
  readonly grpcPort: number;
  readonly metricsPort: number;
  readonly httpMaxInputBytes: number;
  readonly exitTimeoutMs: number;
}

const controlModes = ['none', 'explicit'] as const;
const largestPort = 65535;
/** Bodies are held in one buffer, and the protocol's lengths are 32-bit. */
const largestInput = 2 ** 31 - 1;
/** The longest timer that there is, about 24 days. */
const longestTimeoutSeconds = 2_147_483;

/** The flags of `serve`, named as Triton names them. Numbers are read by `serveOptions`. */
export function serveFlags<T>(yargs: Argv<T>) {
  const text = { type: 'string', requiresArg: true } as const;
  return yargs
    .option('model-repository', { ...text, array: true, demandOption: true, describe: 'Folder of models (repeatable)' })
    .option('http-port', { ...text, default: '8000', describe: 'Port of HTTP/REST; 0 picks a free one' })
    .option('grpc-port', { ...text, default: '8001', describe: 'Port of gRPC; 0 picks a free one' })
    .option('metrics-port', { ...text, default: '8002', describe: 'Port of GET /metrics; 0 picks a free one' })
    .option('http-address', { ...text, default: '127.0.0.1', describe: 'Address of HTTP/REST and metrics' })
    .option('grpc-address', { ...text, default: '127.0.0.1', describe: 'Address of gRPC' })
    .option('model-control-mode', {
      ...text,
      choices: controlModes,
      default: 'none' as const,
      describe: 'none: load all models at start; explicit: those of --load-model and what clients ask for',
    })
    .option('load-model', { ...text, array: true, describe: 'Model to load at start (repeatable; * = all)' })
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
  readonly httpPort: string;
  readonly grpcPort: string;
  readonly metricsPort: string;
  readonly httpAddress: string;
  readonly grpcAddress: string;
  readonly modelControlMode: (typeof controlModes)[number];
  readonly loadModel: readonly string[] | undefined;
  readonly exitOnError: boolean;
  readonly exitTimeoutSecs: string;
  readonly disableAutoCompleteConfig: boolean;
  readonly allowClientShm: boolean;
  readonly httpMaxInputSize: string;
}

/** @throws PerfError `usage` that names the flag which is not understood */
export function serveOptions(flags: ServeFlags): ServeOptions {
  const loadModels = flags.loadModel ?? [];
  const modelControlMode = once('--model-control-mode', flags.modelControlMode);
  if (modelControlMode === 'none' && loadModels.length > 0) {
    throw new PerfError('usage', `Cannot use --load-model ${loadModels[0]} with --model-control-mode none`, {
      hint: 'Use --model-control-mode explicit; none loads every model.',
    });
  }
  return {
    modelRepositories: flags.modelRepository,
    modelControlMode,
    loadModels,
    exitOnError: once('--exit-on-error', flags.exitOnError),
    disableAutoComplete: once('--disable-auto-complete-config', flags.disableAutoCompleteConfig),
    allowClientShm: once('--allow-client-shm', flags.allowClientShm),
    httpAddress: once('--http-address', flags.httpAddress),
    grpcAddress: once('--grpc-address', flags.grpcAddress),
    httpPort: integer('--http-port', flags.httpPort, { largest: largestPort }),
    grpcPort: integer('--grpc-port', flags.grpcPort, { largest: largestPort }),
    metricsPort: integer('--metrics-port', flags.metricsPort, { largest: largestPort }),
    httpMaxInputBytes: integer('--http-max-input-size', flags.httpMaxInputSize, { smallest: 1, largest: largestInput }),
    exitTimeoutMs: 1000 * integer('--exit-timeout-secs', flags.exitTimeoutSecs, { largest: longestTimeoutSeconds }),
  };
}

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
