import test from 'ava';
import { type SweepAnswer, sweepOf } from '../../../analyzer/load/sweep.js';
import type { LoadSettings, RequestRateLoad } from '../../../src/core/load.js';
import { levelValue } from '../../../src/core/load-name.js';

const range = { start: 1, end: 64, step: 1 };
const concurrency = (change: Partial<typeof range> = {}): LoadSettings => ({
  kind: 'concurrency',
  range: { ...range, ...change },
  search: 'linear',
});
const binary = (change: Partial<typeof range> = {}): LoadSettings => ({
  kind: 'concurrency',
  range: { ...range, ...change },
  search: 'binary',
});
const openLoop: Omit<RequestRateLoad, 'requestsPerSecond'> = {
  kind: 'request-rate',
  arrivals: { kind: 'constant' },
  shape: { kind: 'constant' },
  maxInFlight: 1,
};

function visited(settings: LoadSettings, answer: (level: number) => Partial<SweepAnswer>): number[] {
  const sweep = sweepOf(settings);
  const levels: number[] = [];
  for (let step = sweep.next(); !step.done; ) {
    const level = levelValue(step.value);
    levels.push(level);
    step = sweep.next({ isWithinLimit: true, isSound: true, ...answer(level) });
  }
  return levels;
}
const within = (limit: number) => (level: number) => ({ isWithinLimit: level < limit });

test('sweepOf linear goes through the range', (t) => {
  t.deepEqual(visited(concurrency({ end: 4 }), within(100)), [1, 2, 3, 4]);
});

test('sweepOf linear ends with the first level over the limit, also without an end', (t) => {
  t.deepEqual(visited(concurrency({ end: 0, step: 10 }), within(30)), [1, 11, 21, 31]);
});

test('sweepOf linear goes on after a level that is not sound', (t) => {
  t.deepEqual(
    visited(concurrency({ end: 3 }), () => ({ isSound: false })),
    [1, 2, 3],
  );
});

for (const limit of [2, 3, 17, 33, 63]) {
  test(`sweepOf binary finds the highest level below ${limit}`, (t) => {
    const levels = visited(binary(), within(limit));
    t.is(Math.max(...levels.filter((level) => level < limit)), limit - 1);
    t.deepEqual(levels.slice(0, 2), [1, 64]);
    t.true(levels.length <= 8);
  });
}

test('sweepOf binary ends at once when the start is too much, or the end is not', (t) => {
  t.deepEqual(visited(binary(), within(1)), [1]);
  t.deepEqual(visited(binary(), within(100)), [1, 64]);
});

test('sweepOf binary narrows down to the step', (t) => {
  t.deepEqual(visited(binary({ step: 16 }), within(40)), [1, 64, 32, 48]);
});

test('sweepOf binary does not trust a level that is not sound', (t) => {
  const levels = visited(binary(), (level) => ({ isSound: level < 10 }));
  t.is(Math.max(...levels.filter((level) => level < 10)), 9);
});

test('sweepOf binary of a request rate divides into fractions', (t) => {
  const settings: LoadSettings = { ...openLoop, range: { start: 10, end: 20, step: 2 }, search: 'binary' };
  t.deepEqual(visited(settings, within(16)), [10, 20, 15, 17.5, 16.25]);
});

test('sweepOf request intervals is one level at their mean rate', (t) => {
  const settings: LoadSettings = { kind: 'request-intervals', intervalsUs: [1000, 3000], maxInFlight: 4 };
  t.deepEqual(sweepOf(settings).next().value, {
    kind: 'request-intervals',
    requestsPerSecond: 500,
    maxInFlight: 4,
  });
  t.deepEqual(
    visited(settings, () => ({})),
    [500],
  );
});

test('sweepOf a fixed schedule is one level at its mean rate, and a load that grows is itself', (t) => {
  const settings: LoadSettings = { kind: 'fixed-schedule', timestampsMs: [0, 500, 2000], maxInFlight: 4 };
  t.deepEqual(sweepOf(settings).next().value, { kind: 'fixed-schedule', requestsPerSecond: 1.5, maxInFlight: 4 });
  const growing: LoadSettings = { kind: 'periodic-concurrency', start: 1, end: 5, step: 2, requestPeriod: 3 };
  t.deepEqual(sweepOf(growing).next().value, growing);
  t.deepEqual(
    visited(growing, () => ({})),
    [5],
  );
});
