import test from 'ava';
import { type HistoryOptions, judgeHistory } from '../../../analyzer/history/judge-history.js';
import { changePoints } from '../../../analyzer/statistics/change-points.js';
import { loneOutliers } from '../../../analyzer/statistics/lone-outliers.js';
import type { HistoryEntry, Trend } from '../../../src/core/history.js';
import { seededRandom } from '../../../src/core/random.js';
import { runWith } from '../../helpers/noisy-runs.js';
import { levelFixture } from '../../helpers/run-fixture.js';
import { failingNights, hasFailed, historyOptions, nightEntry, nights } from '../../helpers/simulated-nights.js';

const noise = 0.02;

const trendOf = (entries: readonly HistoryEntry[], metric = 'perf_latency_p99', options = historyOptions): Trend => {
  const trends = judgeHistory(entries, options).groups.flatMap((group) => group.trends);
  const found = trends.find((trend) => trend.metric === metric);
  if (found === undefined) throw new Error(`${metric} is not there`);
  return found;
};

/** Levels of so many values each, with noise. */
const stairs = (...levels: readonly (readonly [count: number, value: number])[]): number[] => {
  const random = seededRandom(8);
  return levels.flatMap(([count, value]) => Array.from({ length: count }, () => value + random() - 0.5));
};

const placesIn = (values: readonly number[]): number[] => changePoints(values, 0.001).map(({ index }) => index);

test('changePoints finds where each level begins', (t) => {
  t.deepEqual(placesIn(stairs([30, 10])), []);
  t.deepEqual(placesIn(stairs([30, 10], [20, 12])), [30]);
  t.deepEqual(placesIn(stairs([30, 10], [4, 12], [30, 10])), [30, 34], 'an episode that is over');
  t.deepEqual(placesIn(stairs([150, 10], [5, 12], [150, 10], [100, 13], [3, 15])), [150, 155, 305, 405]);
  t.deepEqual(placesIn([5, 5, 5, 5, 6, 6]), [4], 'without noise');
  t.deepEqual(placesIn([5, 5, 5, 5, 5]), []);
  t.deepEqual(placesIn([]), []);
});

test('loneOutliers are values that no neighbour confirms', (t) => {
  const values = stairs([40, 10]);
  const at = (changes: Readonly<Record<number, number>>): number[] => [
    ...loneOutliers(values.map((value, index) => changes[index] ?? value)),
  ];
  t.deepEqual(at({}), []);
  t.deepEqual(at({ 0: 20, 17: 3, 39: 15 }), [0, 17, 39]);
  t.deepEqual(at({ 38: 15, 39: 15 }), [], 'two in a row are a new level');
  t.deepEqual(at({ 20: 15, 21: 5 }), [20, 21], 'on both sides');
});

test('judgeHistory names the first bad run and the last before it, whatever the order of the lines', (t) => {
  const shiftAt = (night: number): number => (night < 40 ? 1 : 1.1);
  const entries = nights({ random: seededRandom(3), noise, count: 44, shiftAt });
  const trend = trendOf([...entries.slice(20), ...entries.slice(0, 30)]);
  t.deepEqual(
    trend.shifts.map(({ run, lastBefore, kind, isRegression }) => ({ run, lastBefore, kind, isRegression })),
    [{ run: 40, lastBefore: 39, kind: 'worse', isRegression: true }],
  );
  t.is(trend.points.length, 44);
  t.deepEqual(judgeHistory(entries.toReversed(), historyOptions), judgeHistory(entries, historyOptions));
  const better = trendOf(
    nights({ random: seededRandom(3), noise: 0.01, count: 44, shiftAt: (night) => 1 / shiftAt(night) }),
  );
  t.deepEqual(
    better.shifts.map(({ run, kind, isRegression }) => [run, kind, isRegression]),
    [[40, 'better', false]],
  );
});

test('judgeHistory fails no single bad night, and one that lasts from its second night on', (t) => {
  const badOn = (first: number, last: number) =>
    nights({
      random: seededRandom(5),
      noise,
      count: 40,
      shiftAt: (night) => (night >= first && night <= last ? 1.5 : 1),
    });
  t.deepEqual(failingNights(badOn(30, 30), 25), []);
  t.deepEqual(failingNights(badOn(39, 39), 25), []);
  t.true(trendOf(badOn(39, 39)).points[39]?.isOutlier);
  t.is(failingNights(badOn(30, 40), 25)[0], 31);
});

test('judgeHistory fails while a regression is recent, until it is mended', (t) => {
  const options: HistoryOptions = { ...historyOptions, recentRuns: 5 };
  const failing = (shiftAt: (night: number) => number) =>
    failingNights(nights({ random: seededRandom(6), noise: 0.005, count: 40, shiftAt }), 18, options);
  t.deepEqual(
    failing((night) => (night < 20 ? 1 : 1.2)),
    [21, 22, 23, 24],
  );
  t.deepEqual(
    failing((night) => (night < 20 || night > 22 ? 1 : 1.2)),
    [21, 22, 23],
    'the first good night may be an outlier',
  );
});

test('judgeHistory with thresholds fails only what got worse by more', (t) => {
  const shiftAt = (night: number): number => (night < 30 ? 1 : 1.08);
  const entries = nights({ random: seededRandom(7), noise: 0.005, count: 40, shiftAt });
  const fails = (metric: string, share: number): boolean =>
    hasFailed(judgeHistory(entries, { ...historyOptions, thresholds: [{ metric, share }] }));
  t.true(fails('perf_latency_p99', 0.05));
  t.false(fails('perf_latency_p99', 0.1));
  t.true(fails('perf_throughput', 0.05));
  t.deepEqual(trendOf(entries, 'perf_latency_p99', { ...historyOptions, sameWithin: 0.2 }).shifts, []);
});

test('judgeHistory says what is missing, what is too young, and keeps apart what cannot be compared', (t) => {
  const entries = nights({ random: seededRandom(9), noise, count: 12 });
  const run = runWith({ throughput: 1000, meanMs: 2, p50Ms: 1.8, p99Ms: 4 });
  const invalid = nightEntry({ ...run, levels: [levelFixture({ concurrency: 2, latenciesMs: [] })] }, 12);
  t.true(trendOf([...entries, invalid]).isMissing);
  t.false(trendOf(entries).isMissing);
  t.is(trendOf(entries.slice(0, 4)).needsRuns, 6);
  const other = nightEntry({ ...run, settings: { ...run.settings, batchSize: 8 } }, 13);
  const { groups } = judgeHistory([...entries, other], historyOptions);
  t.deepEqual(
    groups.map(({ traits, runs }) => [traits['batch size'], runs.length]),
    [
      ['1', 12],
      ['8', 1],
    ],
  );
});

test('judgeHistory does not fail for ever by what is measured no more', (t) => {
  const shiftAt = (night: number): number => (night < 30 ? 1 : 1.1);
  const entries = nights({ random: seededRandom(3), noise, count: 34, shiftAt });
  const elsewhere = nights({ random: seededRandom(4), noise, count: 40 }).map((entry, night) => ({
    ...nightEntry(runWith({ throughput: 1000, meanMs: 2, p50Ms: 1.8, p99Ms: 4 }), 34 + night),
    traits: { ...entry.traits, processor: 'another' },
  }));
  t.true(hasFailed(judgeHistory([...entries, ...elsewhere.slice(0, 5)], historyOptions)));
  t.false(hasFailed(judgeHistory([...entries, ...elsewhere], historyOptions)));
});

test('judgeHistory has few false alarms, and finds 5 % in noise of 2 % within 3 nights', (t) => {
  const random = seededRandom(12);
  const failing = failingNights(nights({ random, noise, count: 300 }));
  // One is to be expected in 300 nights; `npm run bench -- history` has the long simulation.
  t.true(failing.filter((night) => !failing.includes(night - 1)).length <= 1, failing.join());
  const shiftAt = (night: number): number => (night < 30 ? 1 : 1.05);
  const found = Array.from({ length: 40 }, () => {
    const entries = nights({ random, noise, count: 33, shiftAt });
    return failingNights(entries, 30).length > 0;
  }).filter(Boolean).length;
  // Of 95 %, fewer than 33 of 40 come once in thousands of times.
  t.true(found >= 33, String(found));
});
