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
    loadModels: [],
    exitOnError: true,
    allowClientShm: false,
    disableAutoComplete: false,
    httpAddress: '127.0.0.1',
    grpcAddress: '127.0.0.1',
    httpPort: 8000,
    grpcPort: 8001,
    metricsPort: 8002,
    httpMaxInputBytes: 67_108_864,
    exitTimeoutMs: 30_000,
  });
});

test('serveOptions takes every flag, repeated ones as lists', (t) => {
  const args =
    '--model-repository=/a --model-repository /b --model-control-mode=explicit --load-model x --load-model y ' +
    '--exit-on-error=false --allow-client-shm=true --exit-timeout-secs 0 --disable-auto-complete-config --http-address 0.0.0.0 ' +
    '--grpc-address ::1 --http-port=0 --grpc-port 1 --metrics-port 65535 --http-max-input-size 1000';
  t.deepEqual(read(...args.split(' ')), {
    modelRepositories: ['/a', '/b'],
    modelControlMode: 'explicit',
    loadModels: ['x', 'y'],
    exitOnError: false,
    allowClientShm: true,
    disableAutoComplete: true,
    httpAddress: '0.0.0.0',
    grpcAddress: '::1',
    httpPort: 0,
    grpcPort: 1,
    metricsPort: 65_535,
    httpMaxInputBytes: 1000,
    exitTimeoutMs: 0,
  });
});

const refused: readonly [args: string, message: string][] = [
  ['--http-port 65536', "Cannot use --http-port: expected an integer from 0 to 65535, got '65536'"],
  ['--grpc-port x', "Cannot use --grpc-port: expected an integer from 0 to 65535, got 'x'"],
  ['--metrics-port=-1', "Cannot use --metrics-port: expected an integer from 0 to 65535, got '-1'"],
  ['--http-port 1 --http-port 2', 'Cannot use --http-port: expected one value, got 2 (1, 2)'],
  ['--http-max-input-size 0', "Cannot use --http-max-input-size: expected an integer from 1 to 2147483647, got '0'"],
  ['--exit-timeout-secs 1.5', "Cannot use --exit-timeout-secs: expected an integer from 0 to 2147483, got '1.5'"],
  ['--load-model x', 'Cannot use --load-model x with --model-control-mode none'],
];

for (const [args, message] of refused) {
  test(`serveOptions refuses ${args}`, (t) => {
    const error = t.throws(() => read('--model-repository', '/models', ...args.split(' ')), { instanceOf: PerfError });
    t.deepEqual([error.code, error.message], ['usage', message]);
  });
}
