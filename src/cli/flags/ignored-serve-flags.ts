import type { Argv } from 'yargs';

/**
 * Flags of tritonserver about GPUs, clouds, plug-in folders and thread pools: there is nothing here that they could change.
 * Those that ask for something which this server does not do, such as TLS, are not among them: they are refused.
 */
const ignoredServeFlags = [
  'allow-cpu-metrics',
  'allow-gpu-metrics',
  'allow-sagemaker',
  'allow-vertex-ai',
  'backend-directory',
  'buffer-manager-thread-count',
  'cache-directory',
  'cuda-memory-pool-byte-size',
  'cuda-virtual-address-size',
  'enable-peer-access',
  'grpc-http2-max-ping-strikes',
  'grpc-http2-max-pings-without-data',
  'grpc-http2-min-recv-ping-interval-without-data',
  'grpc-infer-allocation-pool-size',
  'grpc-infer-thread-count',
  'grpc-keepalive-permit-without-calls',
  'grpc-keepalive-time',
  'grpc-keepalive-timeout',
  'grpc-max-connection-age',
  'grpc-max-connection-age-grace',
  'grpc-max-response-pool-size',
  'host-policy',
  'http-thread-count',
  'id',
  'metrics-interval-ms',
  'min-supported-compute-capability',
  'model-load-gpu-limit',
  'model-load-retry-count',
  'model-load-thread-count',
  'pinned-memory-pool-byte-size',
  'repoagent-directory',
  'reuse-grpc-port',
  'reuse-http-port',
  'sagemaker-port',
  'sagemaker-safe-port-range',
  'sagemaker-thread-count',
  'vertex-ai-default-model',
  'vertex-ai-port',
  'vertex-ai-thread-count',
] as const;

/** Declares them without showing them. */
export function declareIgnored<T>(yargs: Argv<T>): Argv<T> {
  for (const name of ignoredServeFlags) yargs.option(name, { type: 'string', requiresArg: true, hidden: true });
  return yargs;
}

/** One warning for all that were given; none for none. */
export function ignoredWarnings(flags: Readonly<Record<string, unknown>>): string[] {
  const given = ignoredServeFlags.filter((name) => flags[name] !== undefined).map((name) => `--${name}`);
  return given.length === 0 ? [] : [`warning: these flags of tritonserver change nothing here: ${given.join(', ')}`];
}
