import test from 'ava';
import { fixedSchedule, intervalSchedule, rateSchedule } from '../../../analyzer/load/schedule.js';
import type { RequestRateLoad } from '../../../src/core/load.js';
import { toMs } from '../../../src/core/units.js';

const poisson: RequestRateLoad = {
  kind: 'request-rate',
  requestsPerSecond: 250,
  arrivals: { kind: 'poisson' },
  shape: { kind: 'constant' },
  maxInFlight: 1,
};
const timesOf = (load: RequestRateLoad, seed: number, count = 1000): number[] => {
  const next = rateSchedule(load, seed);
  return Array.from({ length: count }, () => toMs(next() ?? (Number.NaN as never)));
};

test('rateSchedule constant: the first request one gap after the start, and no drift after a million', (t) => {
  const times = timesOf({ ...poisson, arrivals: { kind: 'constant' } }, 0, 1_000_000);
  t.deepEqual(times.slice(0, 3), [4, 8, 12]);
  t.is(times.at(-1), 4_000_000);
});

test('rateSchedule the same seed gives the same schedule, another one another', (t) => {
  t.deepEqual(timesOf(poisson, 7), timesOf(poisson, 7));
  t.notDeepEqual(timesOf(poisson, 7), timesOf(poisson, 8));
});

test('rateSchedule twice the rate is the same schedule in half the time', (t) => {
  const slow = timesOf(poisson, 7);
  const fast = timesOf({ ...poisson, requestsPerSecond: 500 }, 7);
  t.true(fast.every((time, index) => Math.abs(2 * time - (slow[index] ?? 0)) < 1e-6));
});

test('rateSchedule never goes back', (t) => {
  const times = timesOf({ ...poisson, arrivals: { kind: 'gamma', shape: 0.1 } }, 3, 10_000);
  t.true(times.every((time, index) => index === 0 || time >= (times[index - 1] ?? 0)));
});

test('intervalSchedule goes through the intervals over and over', (t) => {
  const next = intervalSchedule([100_000, 200_000, 500_000]);
  t.deepEqual(
    Array.from({ length: 6 }, () => toMs(next() ?? (Number.NaN as never))),
    [100, 300, 800, 900, 1100, 1600],
  );
});

test('rateSchedule follows the shape of the rate', (t) => {
  const times = timesOf(
    { ...poisson, arrivals: { kind: 'constant' }, shape: { kind: 'step', factors: [1, 2], stepMs: 8 } },
    0,
    4,
  );
  t.deepEqual(times, [4, 8, 10, 12]);
});

test('fixedSchedule is its times, once', (t) => {
  const next = fixedSchedule([0, 1.5, 1.5, 20]);
  t.deepEqual(
    Array.from({ length: 5 }, () => next()),
    [0, 1.5e6, 1.5e6, 20e6, undefined] as never,
  );
});
