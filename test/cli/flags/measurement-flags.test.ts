import test from 'ava';
import { PerfError } from '../../../src/core/perf-error.js';
import { readFlags } from './read-flags.js';

const measurement = (...args: readonly string[]) => readFlags('-m', 'simple', ...args).settings.measurement;

const modes = [
  [[], 'adaptive'],
  [['--concurrency-range', '1:4'], 'adaptive'],
  [['--request-rate-range', '10:20:10'], 'adaptive'],
  [['--percentile', '99'], 'adaptive'],
  [['--measurement-mode', 'adaptive', '--precision', '2'], 'adaptive'],
  [['-p', '1000'], 'time_windows'],
  [['-s', '5'], 'time_windows'],
  [['-r', '3'], 'time_windows'],
  [['--measurement-request-count', '20'], 'time_windows'],
  [['--measurement-mode', 'time_windows'], 'time_windows'],
  [['--measurement-mode', 'count_windows'], 'count_windows'],
  [['--request-count', '20'], 'request_count'],
  [['--request-rate-range', '10', '--load-shape', 'ramp:0-1:1s'], 'time_windows'],
  [['--periodic-concurrency-range', '1:5:2'], 'time_windows'],
] as const;

for (const [args, mode] of modes) {
  test(`measurementSettings of '${args.join(' ')}' are of mode ${mode}`, (t) => {
    const settings = measurement(...args);
    t.is(settings.mode, mode);
    t.is(settings.adaptive !== undefined, mode === 'adaptive');
  });
}

test('measurementSettings have the bounds of an adaptive level', (t) => {
  t.deepEqual(measurement().adaptive, { precisionPercent: 5, minMs: 2000, maxMs: 20_000 });
  const given = measurement('--precision', '2.5', '--min-time', '250ms', '--max-time', '2m');
  t.deepEqual(given.adaptive, { precisionPercent: 2.5, minMs: 250, maxMs: 120_000 });
  t.is(given.intervalMs, 250);
  t.deepEqual(measurement('--max-time', '1s').adaptive, { precisionPercent: 5, minMs: 1000, maxMs: 1000 });
});

const refused = [
  [['--measurement-mode', 'sometimes'], '--measurement-mode: expected adaptive, time_windows, count_windows'],
  [['--measurement-mode', 'adaptive', '-r', '3'], 'Cannot use -r with --measurement-mode adaptive'],
  [['--precision', '2', '-p', '1000'], 'Cannot use --precision: expected an adaptive measurement'],
  [['--max-time', '2s', '--request-count', '9'], 'Cannot use --max-time: expected an adaptive measurement'],
  [['--precision', '0'], '--precision: expected a number above 0'],
  [['--min-time', '5'], "--min-time: expected a time of at least 10ms, such as 500ms, 10s or 2m, got '5'"],
  [['--min-time', '20s', '--max-time', '10s'], '--min-time: expected at most --max-time 10s'],
  [
    ['--measurement-mode', 'adaptive', '--periodic-concurrency-range', '1:5:2'],
    'expected a load that stays the same, got one that changes over time',
  ],
] as const;

for (const [args, message] of refused) {
  test(`measurementSettings refuse '${args.join(' ')}'`, (t) => {
    const error = t.throws(() => measurement(...args), { instanceOf: PerfError });
    t.is(error?.code, 'usage');
    t.true(error?.message.includes(message), error?.message);
  });
}
