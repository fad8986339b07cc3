import test from 'ava';
import { parseCertify } from '../../../src/cli/flags/latency-limit.js';
import { PerfError } from '../../../src/core/perf-error.js';
import { readFlags } from './read-flags.js';

const accepted = [
  ['perf_latency_p99<=15ms@99%', { percentile: 99, limitMs: 15, confidencePercent: 99 }],
  ['perf_latency_p99.9 <= 1.5s @95%', { percentile: 99.9, limitMs: 1500, confidencePercent: 95 }],
  ['perf_latency_p50<=500us', { percentile: 50, limitMs: 0.5, confidencePercent: 99 }],
] as const;
for (const [text, expected] of accepted) {
  test(`parseCertify ${text}`, (t) => {
    t.deepEqual(parseCertify('--certify', text), expected);
  });
}

const refused = [
  '',
  'p99<=15ms',
  'perf_latency_p99<15ms',
  'perf_latency_p100<=1s',
  'perf_latency_p99<=15',
  'perf_latency_p99<=1ms@100%',
];
for (const text of refused) {
  test(`parseCertify refuses '${text}'`, (t) => {
    const error = t.throws(() => parseCertify('--certify', text), { instanceOf: PerfError });
    t.is(error?.code, 'usage');
    t.true(error?.message.includes(`got '${text}'`), error?.message);
  });
}

test('--find-max-rate searches an open loop from a first rate, judged by its percentile, and nothing beside it', (t) => {
  const limit = ['-m', 'simple', '--find-max-rate', 'perf_latency_p95<=20ms'];
  const { measurement, load } = readFlags(...limit, '--max-time', '4s').settings;
  t.like(measurement, { mode: 'adaptive', percentile: 95, intervalMs: 500 });
  t.deepEqual(measurement.maxRate, { percentile: 95, limitMs: 20, maxMs: 4000, maxProbes: 12 });
  t.is(measurement.adaptive, undefined);
  t.like(load, { kind: 'request-rate', search: 'max-rate', range: { start: 100, end: 0 } });
  t.is(
    readFlags('-m', 'simple', '--find-max-rate', 'perf_latency_p95<=2s').settings.measurement.maxRate?.maxMs,
    40_000,
  );
  const poisson = ['--request-rate-range', '7.5', '--request-distribution', 'poisson'];
  t.like(readFlags(...limit, ...poisson).settings.load, { range: { start: 7.5 }, arrivals: { kind: 'poisson' } });
  for (const other of [
    ['-p', '1000'],
    ['--max-time', '399ms'],
    ['-l', '20'],
    ['--request-count', '50'],
    ['--percentile', '90'],
    ['--certify', 'perf_latency_p99<=15ms'],
    ['--concurrency-range', '1:4'],
    ['--request-rate-range', '1:4'],
    ['--load-shape', 'ramp:0-1:10s'],
  ]) {
    t.throws(() => readFlags(...limit, ...other), { instanceOf: PerfError }, other.join(' '));
  }
});

test('--find-knee doubles the concurrency within a range', (t) => {
  const range = (...flags: string[]) => readFlags('-m', 'simple', '--find-knee', ...flags).settings.load;
  t.deepEqual(range(), { kind: 'concurrency', range: { start: 1, end: 256, step: 1 }, search: 'knee' });
  t.like(range('--concurrency-range', '2:16'), { range: { start: 2, end: 16 } });
  for (const other of [
    ['--concurrency-range', '4'],
    ['--request-rate-range', '10'],
    ['--binary-search', '-l', '5'],
  ]) {
    t.throws(() => range(...other), { instanceOf: PerfError }, other.join(' '));
  }
});

test('--certify has windows of its own, and none beside them', (t) => {
  const { measurement } = readFlags('-m', 'simple', '--certify', 'perf_latency_p99<=15ms').settings;
  t.is(measurement.mode, 'adaptive');
  t.is(measurement.adaptive, undefined);
  t.like(measurement.certify, { percentile: 99, limitMs: 15, maxMs: 60_000 });
  for (const other of [
    ['-p', '1000'],
    ['--request-count', '50'],
    ['--precision', '2'],
    ['--min-time', '2s'],
  ]) {
    t.throws(() => readFlags('-m', 'simple', '--certify', 'perf_latency_p99<=15ms', ...other), {
      instanceOf: PerfError,
    });
  }
});

test('--scenario chooses load, samples a query, percentile and least time by the rules of MLPerf', (t) => {
  const read = (...flags: string[]) => readFlags('-m', 'simple', '--scenario', ...flags).settings;
  const { load, batchSize, measurement } = read('multi-stream');
  t.like(load, { kind: 'concurrency', range: { start: 1, end: 1 } });
  t.is(batchSize, 8);
  t.like(measurement, { mode: 'adaptive', percentile: 99, intervalMs: 500 });
  t.deepEqual(measurement.scenario, {
    ...{ name: 'multi-stream', percentile: 99, minMs: 600_000, minQueries: 662, maxMs: 1_200_000 },
  });
  const server = read('server', '--request-rate-range', '40', '-l', '15', '--min-time', '10s');
  t.like(server.load, { kind: 'request-rate', range: { start: 40, end: 40 }, arrivals: { kind: 'poisson' } });
  t.like(server.measurement.scenario, { limitMs: 15, minMs: 10_000, minQueries: 100, maxMs: 20_000 });
  t.is(server.latencyLimitMs, undefined);
  const offline = read('offline', '-b', '4', '--concurrency-range', '2', '--min-queries', '100');
  t.like(offline, { batchSize: 4, load: { range: { start: 2, end: 2 } } });
  t.like(offline.measurement.scenario, { minQueries: 100 });
  for (const refusedFlags of [
    ['stream'],
    ['server', '-l', '5'],
    ['server', '--request-rate-range', '5'],
    ['server', '--request-rate-range', '5:10', '-l', '5'],
    ['server', '--request-rate-range', '5', '-l', '5', '--request-distribution', 'constant'],
    ['single-stream', '-b', '2'],
    ['single-stream', '--concurrency-range', '2'],
    ['offline', '--concurrency-range', '1:2'],
    ['offline', '-l', '5'],
    ['single-stream', '--percentile', '95'],
    ['single-stream', '-p', '1000'],
    ['single-stream', '--request-count', '1000'],
    ['single-stream', '--certify', 'perf_latency_p99<=15ms'],
    ['single-stream', '--min-time', '5s', '--max-time', '4s'],
  ]) {
    t.throws(() => read(...refusedFlags), { instanceOf: PerfError }, refusedFlags.join(' '));
  }
  t.throws(() => readFlags('-m', 'simple', '--min-queries', '5'), { message: /--min-queries 5: expected --scenario/ });
  t.throws(() => readFlags('-m', 'a,b', '--scenario', 'single-stream'), { message: /--scenario single-stream/ });
});

test('--detect-cache sends one request at a time, with inputs that are new unless a seed is given', (t) => {
  const read = (...flags: string[]) => readFlags('-m', 'simple', '--detect-cache', ...flags).settings;
  const { measurement, load, seed } = read();
  t.like(measurement, { mode: 'request_count', requestCount: 1020, detectsCache: true });
  t.like(load, { kind: 'concurrency', range: { start: 1, end: 1 } });
  t.true(seed > 0);
  t.is(read('--seed', '0').seed, 0);
  for (const other of [
    ['--concurrency-range', '2'],
    ['--request-count', '50'],
    ['--warmup-request-count', '5'],
    ['--scenario', 'offline'],
    ['-p', '1000'],
    ['--percentile', '95'],
  ]) {
    t.throws(() => read(...other), { instanceOf: PerfError }, other.join(' '));
  }
});
