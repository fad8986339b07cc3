import test from 'ava';
import { type LoadFlags, loadSettings } from '../../../src/cli/flags/load-flags.js';
import { PerfError } from '../../../src/core/perf-error.js';

const none: LoadFlags = {
  concurrencyRange: undefined,
  requestRateRange: undefined,
  requestDistribution: undefined,
  burstiness: undefined,
  maxInFlight: undefined,
  latencyThreshold: undefined,
  requestIntervals: undefined,
  periodicConcurrencyRange: undefined,
  requestPeriod: undefined,
  fixedSchedule: false,
  inputData: [],
  loadShape: undefined,
  binarySearch: false,
};
const open = {
  kind: 'request-rate',
  range: { start: 100, end: 100, step: 1 },
  search: 'linear',
  arrivals: { kind: 'constant' },
  shape: { kind: 'constant' },
  maxInFlight: 1024,
};

const accepted: readonly (readonly [Partial<LoadFlags>, unknown])[] = [
  [{}, { load: { kind: 'concurrency', range: { start: 1, end: 1, step: 1 }, search: 'linear' } }],
  [
    { concurrencyRange: '2:8:2', latencyThreshold: '0.5' },
    { load: { kind: 'concurrency', range: { start: 2, end: 8, step: 2 }, search: 'linear' }, latencyLimitMs: 0.5 },
  ],
  [{ requestRateRange: '100' }, { load: open }],
  [{ requestRateRange: '0.5:2.5:.25' }, { load: { ...open, range: { start: 0.5, end: 2.5, step: 0.25 } } }],
  [
    { requestRateRange: '10:0:10', latencyThreshold: '5' },
    { load: { ...open, range: { start: 10, end: 0, step: 10 } }, latencyLimitMs: 5 },
  ],
  [{ requestRateRange: '100', requestDistribution: 'poisson' }, { load: { ...open, arrivals: { kind: 'poisson' } } }],
  [
    { requestRateRange: '100', requestDistribution: 'gamma', burstiness: '0.5', maxInFlight: '16' },
    { load: { ...open, arrivals: { kind: 'gamma', shape: 0.5 }, maxInFlight: 16 } },
  ],
  [
    { requestRateRange: '100', loadShape: 'sine:0.5:2s' },
    { load: { ...open, shape: { kind: 'sine', amplitude: 0.5, periodMs: 2000 } } },
  ],
  [
    { concurrencyRange: '1:64', binarySearch: true, latencyThreshold: '20' },
    { load: { kind: 'concurrency', range: { start: 1, end: 64, step: 1 }, search: 'binary' }, latencyLimitMs: 20 },
  ],
  [
    { periodicConcurrencyRange: '10:50:20', requestPeriod: '3' },
    { load: { kind: 'periodic-concurrency', start: 10, end: 50, step: 20, requestPeriod: 3 } },
  ],
  [
    { periodicConcurrencyRange: '1:4' },
    { load: { kind: 'periodic-concurrency', start: 1, end: 4, step: 1, requestPeriod: 10 } },
  ],
];
for (const [flags, settings] of accepted) {
  test(`loadSettings ${JSON.stringify(flags)}`, (t) => {
    t.deepEqual(loadSettings({ ...none, ...flags }), settings as never);
  });
}

const refused: readonly (readonly [Partial<LoadFlags>, string])[] = [
  [{ concurrencyRange: '1:0' }, '--concurrency-range 1:0 (an open end): expected a latency limit (-l) with it'],
  [{ requestRateRange: '10:0' }, '--request-rate-range 10:0 (an open end): expected a latency limit'],
  [{ requestRateRange: '10:0', latencyThreshold: '0' }, 'expected a latency limit (-l)'],
  [{ concurrencyRange: '1:8', binarySearch: true }, 'Cannot use --binary-search: expected a latency limit (-l)'],
  [{ concurrencyRange: '8', binarySearch: true, latencyThreshold: '5' }, 'expected an end above the start'],
  [{ concurrencyRange: '1:0', binarySearch: true, latencyThreshold: '5' }, 'got --concurrency-range 1:0'],
  [
    { periodicConcurrencyRange: '10:50:15' },
    'expected start:end[:step] with an end that is whole steps from the start',
  ],
  [{ periodicConcurrencyRange: '10' }, "got '10'"],
  [{ periodicConcurrencyRange: '10:0' }, "got '10:0'"],
  [{ periodicConcurrencyRange: '1:4', requestPeriod: '0' }, '--request-period: expected an integer of at least 1'],
  [{ requestPeriod: '4' }, 'Cannot use --request-period 4: expected --periodic-concurrency-range'],
  [{ periodicConcurrencyRange: '1:4', concurrencyRange: '1' }, 'expected one of them, got both'],
  [{ fixedSchedule: true }, 'Cannot use --fixed-schedule: expected --input-data FILE.json with timestamps, got none'],
  [{ fixedSchedule: true, inputData: ['zero'] }, 'got zero'],
  [{ fixedSchedule: true, requestRateRange: '5' }, '--request-rate-range with --fixed-schedule'],
  [{ requestIntervals: 'x', requestRateRange: '5' }, '--request-rate-range with --request-intervals'],
  [{ requestIntervals: '/none/such' }, '--request-intervals /none/such: expected a readable file'],
  [{ loadShape: 'constant' }, 'Cannot use --load-shape constant: expected --request-rate-range'],
  [{ requestRateRange: '8', loadShape: 'square' }, "got 'square'"],
  [{ requestRateRange: '0:5' }, '--request-rate-range: expected start[:end[:step]] with positive numbers'],
  [{ requestRateRange: '1:2:0' }, "got '1:2:0'"],
  [{ requestRateRange: '1:2:1:1' }, "got '1:2:1:1'"],
  [{ requestRateRange: '-1' }, "got '-1'"],
  [{ requestRateRange: '1e3' }, "got '1e3'"],
  [{ requestRateRange: '1,5' }, "got '1,5'"],
  [{ requestRateRange: '' }, "got ''"],
  [{ requestRateRange: '8:4' }, "expected an end of at least the start 8 (or 0 for no end), got '8:4'"],
  [{ requestRateRange: '8', concurrencyRange: '1' }, 'Cannot use --concurrency-range with --request-rate-range'],
  [{ requestDistribution: 'poisson' }, 'Cannot use --request-distribution poisson: expected --request-rate-range'],
  [{ maxInFlight: '5' }, 'Cannot use --max-in-flight 5: expected --request-rate-range'],
  [{ requestRateRange: '8', requestDistribution: 'uniform' }, "constant, poisson, gamma, got 'uniform'"],
  [{ requestRateRange: '8', requestDistribution: 'gamma' }, 'expected --burstiness with it'],
  [{ requestRateRange: '8', burstiness: '2' }, 'expected --request-distribution gamma with it'],
  [{ requestRateRange: '8', requestDistribution: 'gamma', burstiness: '0' }, 'a number of at least 0.01'],
  [{ requestRateRange: '8', maxInFlight: '0' }, '--max-in-flight: expected an integer of at least 1'],
  [{ requestRateRange: '8', maxInFlight: '70000' }, '--max-in-flight: expected an integer up to 65535'],
];
for (const [flags, message] of refused) {
  test(`loadSettings refuses ${JSON.stringify(flags)}`, (t) => {
    const error = t.throws(() => loadSettings({ ...none, ...flags }), { instanceOf: PerfError });
    t.is(error?.code, flags.requestIntervals === '/none/such' ? 'file' : 'usage');
    t.true(error?.message.includes(message), error?.message);
  });
}
