import test from 'ava';
import yargs from 'yargs';
import { serveFlags, serveOptions } from '../../src/cli/serve-options.js';
import { PerfError } from '../../src/core/perf-error.js';

const read = (...args: string[]) =>
  serveOptions(serveFlags(yargs(args)).parserConfiguration({ 'parse-numbers': false }).exitProcess(false).parseSync());

test('serveOptions has the defaults of Triton', (t) => {
  t.deepEqual(read('--model-repository', '/models'), {
    modelRepositories: ['/models'],
    modelControlMode: 'none',
    repositoryPollMs: 15_000,
    loadModels: [],
    strictReadiness: true,
    defaultMaxBatchSize: undefined,
    cacheBytes: undefined,
    metrics: {
      counterLatencies: true,
      histogramLatencies: false,
      summaryLatencies: false,
      summaryQuantiles: [0.5, 0.9, 0.95, 0.99, 0.999],
    },
    latencySummaries: false,
    latencyHistograms: false,
    logSettings: {
      log_info: true,
      log_warning: true,
      log_error: true,
      log_verbose_level: 0,
      log_format: 'default',
    },
    logFile: undefined,
    grpcCompression: 'none',
    traceSettings: {},
    rateLimit: undefined,
    exitOnError: true,
    allowClientShm: false,
    disableAutoComplete: false,
    modelConfigName: '',
    allowHttp: true,
    allowGrpc: true,
    allowMetrics: true,
    httpAddress: '127.0.0.1',
    grpcAddress: '127.0.0.1',
    metricsAddress: '127.0.0.1',
    httpRestrictions: new Map(),
    grpcRestrictions: new Map(),
    httpForwardPattern: undefined,
    grpcForwardPattern: undefined,
    httpPort: 8000,
    grpcPort: 8001,
    metricsPort: 8002,
    httpMaxInputBytes: 67_108_864,
    exitTimeoutMs: 30_000,
    warnings: [],
  });
});

test('serveOptions takes every flag, repeated ones as lists', (t) => {
  const args =
    '--model-repository=/a --model-repository /b --model-control-mode=explicit --load-model x --load-model y ' +
    '--exit-on-error=false --allow-client-shm=true --exit-timeout-secs 0 --disable-auto-complete-config --http-address 0.0.0.0 ' +
    '--grpc-address ::1 --http-port=0 --grpc-port 1 --metrics-port 65535 --http-max-input-size 1000 ' +
    '--allow-http false --allow-grpc=false --allow-metrics=true --metrics-address 127.0.0.2 --repository-poll-secs 3 ' +
    '--strict-readiness=false --backend-config onnxruntime,default-max-batch-size=7 ' +
    '--http-restricted-api=health,trace:key=a:b=c --grpc-restricted-protocol inference:Key=v --host-policy a,b=c --id=x ' +
    '--cache-config local,size=1048576 --rate-limit execution_count --rate-limit-resource R1:4 --rate-limit-resource=R2:1:0 ' +
    '--log-verbose 2 --log-info=false --log-warning false --log-error=false --log-format ISO8601 ' +
    '--metrics-config summary_latencies=true --metrics-config=counter_latencies=false --metrics-config histogram_latencies=true ' +
    '--metrics-config summary_quantiles=0.25:0.01,0.99:0.001 ' +
    '--http-header-forward-pattern (?-i)x-.* --grpc-header-forward-pattern=^X ' +
    '--model-config-name=cpu --log-file=/log.txt --grpc-infer-response-compression-level high ' +
    '--trace-config triton,file=/t.json --trace-config rate=5 --trace-config level=TIMESTAMPS --trace-config=level=TENSORS ' +
    '--trace-config count=-1 --trace-config triton,log-frequency=3 --trace-config mode=triton';
  t.deepEqual(read(...args.split(' ')), {
    modelRepositories: ['/a', '/b'],
    modelControlMode: 'explicit',
    repositoryPollMs: 3000,
    loadModels: ['x', 'y'],
    strictReadiness: false,
    defaultMaxBatchSize: 7,
    cacheBytes: 1_048_576,
    metrics: {
      counterLatencies: false,
      histogramLatencies: true,
      summaryLatencies: true,
      summaryQuantiles: [0.25, 0.99],
    },
    latencySummaries: true,
    latencyHistograms: true,
    logSettings: {
      log_info: false,
      log_warning: false,
      log_error: false,
      log_verbose_level: 2,
      log_format: 'ISO8601',
    },
    logFile: '/log.txt',
    grpcCompression: 'high',
    traceSettings: {
      trace_file: '/t.json',
      trace_rate: '5',
      trace_count: '-1',
      trace_level: ['TIMESTAMPS', 'TENSORS'],
      log_frequency: '3',
    },
    rateLimit: new Map([['r1', 4]]),
    exitOnError: false,
    allowClientShm: true,
    disableAutoComplete: true,
    modelConfigName: 'cpu',
    allowHttp: false,
    allowGrpc: false,
    allowMetrics: true,
    httpAddress: '0.0.0.0',
    grpcAddress: '::1',
    metricsAddress: '127.0.0.2',
    httpRestrictions: new Map([
      ['health', { name: 'key', value: 'a:b=c' }],
      ['trace', { name: 'key', value: 'a:b=c' }],
    ]),
    grpcRestrictions: new Map([['inference', { name: 'triton-grpc-protocol-Key', value: 'v' }]]),
    httpForwardPattern: /x-.*/,
    grpcForwardPattern: /^X/i,
    httpPort: 0,
    grpcPort: 1,
    metricsPort: 65_535,
    httpMaxInputBytes: 1000,
    exitTimeoutMs: 0,
    warnings: ['warning: these flags of tritonserver change nothing here: --host-policy, --id'],
  });
});

const refused: readonly [args: string, message: string][] = [
  ['--http-port 65536', "Cannot use --http-port: expected an integer from 0 to 65535, got '65536'"],
  ['--grpc-port x', "Cannot use --grpc-port: expected an integer from 0 to 65535, got 'x'"],
  ['--metrics-port=-1', "Cannot use --metrics-port: expected an integer from 0 to 65535, got '-1'"],
  ['--http-port 1 --http-port 2', 'Cannot use --http-port: expected one value, got 2 (1, 2)'],
  ['--http-max-input-size 0', "Cannot use --http-max-input-size: expected an integer from 1 to 2147483647, got '0'"],
  ['--model-config-name ../x', "Cannot use --model-config-name: expected the name of a file, got '../x'"],
  ['--exit-timeout-secs 1.5', "Cannot use --exit-timeout-secs: expected an integer from 0 to 2147483, got '1.5'"],
  ['--load-model x', 'Cannot use --load-model x: expected --model-control-mode explicit with it, got none'],
  [
    '--load-model x --model-control-mode poll',
    'Cannot use --load-model x: expected --model-control-mode explicit with it, got poll',
  ],
  ['--repository-poll-secs 0', "Cannot use --repository-poll-secs: expected an integer from 1 to 2147483, got '0'"],
  [
    '--http-restricted-api health',
    "Cannot use --http-restricted-api: expected API[,API...]:HEADER=VALUE, got 'health'",
  ],
  [
    '--http-restricted-api health,health:a=b',
    "Cannot use --http-restricted-api: expected each API once, got 'health twice'",
  ],
  [
    '--grpc-restricted-protocol healthy:a=b',
    'Cannot use --grpc-restricted-protocol: expected one of health, metadata, inference, shared-memory, model-config, ' +
      "model-repository, statistics, trace, logging, got 'healthy'",
  ],
  [
    '--trace-config opentelemetry,url=x',
    'Cannot use --trace-config: expected rate=N, level=LEVEL, count=N, mode=triton, triton,file=PATH or ' +
      "triton,log-frequency=N, got 'opentelemetry,url=x'",
  ],
  [
    '--trace-config rate=-1',
    "Cannot use --trace-config: trace setting 'trace_rate' must be an integer from 0, got '-1'",
  ],
  [
    '--http-header-forward-pattern (',
    "Cannot use --http-header-forward-pattern: expected a regular expression, got '(' (Invalid regular expression: /(/i: Unterminated group)",
  ],
  ...[
    'summary_latencies=yes',
    'summary_quantiles=0.5',
    'summary_quantiles=2:0.1',
    'histogram_latencies=yes',
    'a,b=c',
  ].map((setting): [string, string] => [
    `--metrics-config ${setting}`,
    'Cannot use --metrics-config: expected counter_latencies=true|false, histogram_latencies=true|false, summary_latencies=true|false or ' +
      `summary_quantiles=QUANTILE:ERROR[,QUANTILE:ERROR...], got '${setting}'`,
  ]),
  ['--cache-config redis,host=x', "Cannot use --cache-config: expected local,size=BYTES, got 'redis,host=x'"],
  ['--cache-config local,size=x', "Cannot use --cache-config: expected a size in bytes above 0, got 'x'"],
  ['--rate-limit-resource R:1', 'Cannot use --rate-limit-resource R:1 with --rate-limit off: expected execution_count'],
  [
    '--rate-limit execution_count --rate-limit-resource R',
    "Cannot use --rate-limit-resource: expected NAME:COUNT[:DEVICE], got 'R'",
  ],
  ['--backend-config onnxruntime', "Cannot use --backend-config: expected NAME,KEY=VALUE, got 'onnxruntime'"],
  [
    '--backend-config onnxruntime,default-max-batch-size=0',
    "Cannot use --backend-config: expected default-max-batch-size=1 to 999999, got '0'",
  ],
];

for (const [args, message] of refused) {
  test(`serveOptions refuses ${args}`, (t) => {
    const error = t.throws(() => read('--model-repository', '/models', ...args.split(' ')), { instanceOf: PerfError });
    t.deepEqual([error.code, error.message], ['usage', message]);
  });
}

test('serveOptions takes --model-store and --strict-model-config for what they were, and tells settings without a meaning', (t) => {
  const options = read(
    '--model-store',
    '/models',
    '--strict-model-config=true',
    '--backend-config',
    'python,shm-size=1',
  );
  t.deepEqual(options.modelRepositories, ['/models']);
  t.true(options.disableAutoComplete);
  t.deepEqual(options.warnings, ['warning: these settings of --backend-config change nothing here: python,shm-size']);
});
