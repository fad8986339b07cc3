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
};
const open = {
  kind: 'request-rate',
  range: { start: 100, end: 100, step: 1 },
  arrivals: { kind: 'constant' },
  maxInFlight: 1024,
};

const accepted: readonly (readonly [Partial<LoadFlags>, unknown])[] = [
  [{}, { load: { kind: 'concurrency', range: { start: 1, end: 1, step: 1 } } }],
  [
    { concurrencyRange: '2:8:2', latencyThreshold: '0.5' },
    { load: { kind: 'concurrency', range: { start: 2, end: 8, step: 2 } }, latencyLimitMs: 0.5 },
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
];
for (const [flags, settings] of accepted) {
  test(`loadSettings ${JSON.stringify(flags)}`, (t) => {
    t.deepEqual(loadSettings({ ...none, ...flags }), settings as never);
  });
}

const refused: readonly (readonly [Partial<LoadFlags>, string])[] = [
  [{ concurrencyRange: '1:0' }, '--concurrency-range 1:0: expected -l with an open end'],
  [{ requestRateRange: '10:0' }, '--request-rate-range 10:0: expected -l with an open end'],
  [{ requestRateRange: '10:0', latencyThreshold: '0' }, 'expected -l'],
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
    t.is(error?.code, 'usage');
    t.true(error?.message.includes(message), error?.message);
  });
}
