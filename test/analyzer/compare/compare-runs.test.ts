import test from 'ava';
import { type CompareOptions, compareRuns, usualFalseAlarms } from '../../../analyzer/compare/compare-runs.js';
import { differencesOf } from '../../../analyzer/compare/differences.js';
import { type Random, seededRandom } from '../../../src/core/random.js';
import type { Run } from '../../../src/core/run.js';
import { runWith, simulatedRun } from '../../helpers/noisy-runs.js';
import { recordedNoise } from '../../helpers/recorded-noise.js';
import { levelFixture, runFixture } from '../../helpers/run-fixture.js';

const usual: CompareOptions = { thresholds: [], sameWithin: 0.05, falseAlarms: 0.005, runNoise: 0 };

const many = (count: number, make: () => Run): Run[] => Array.from({ length: count }, make);

const kinds = (base: readonly Run[], next: readonly Run[], options = usual) =>
  Object.fromEntries(compareRuns(base, next, options).map(({ metric, kind }) => [metric, kind]));

test('compareRuns tells better, worse, same and undecided by the interval of the ratio', (t) => {
  const side = (factors: readonly number[], p50: readonly number[]): Run[] =>
    factors.map((factor, index) =>
      runWith({ throughput: 1000 * factor, meanMs: 2 / factor, p50Ms: p50[index] ?? 1, p99Ms: 4 }),
    );
  const base = side([1, 1.001, 0.999], [1, 1.3, 0.7]);
  const next = side([0.9, 0.901, 0.899], [1.1, 0.8, 1.4]);
  t.deepEqual(kinds(base, next), {
    perf_throughput: 'worse',
    perf_latency_avg: 'worse',
    perf_latency_p50: 'undecided',
    perf_latency_p99: 'same',
  });
  t.deepEqual(kinds(next, base)['perf_throughput'], 'better');
});

test('compareRuns by runs is surer of figures that rise and fall together than of as many independent ones', (t) => {
  const random = seededRandom(5);
  const base = many(10, () => simulatedRun(random, 0.02));
  const widthOf = (next: readonly Run[], metric: string): number => {
    const { interval } = compareRuns(base, next, usual).find((change) => change.metric === metric) ?? {};
    return Math.log((interval?.high ?? 1) / (interval?.low ?? 1));
  };
  const independent = many(10, () => simulatedRun(random, 0.02));
  const together = (runs: readonly Run[]): Run[] =>
    runs.map(({ levels }) => {
      const slow = 1000 / (levels[0]?.summary.throughput ?? 1);
      return runWith({ throughput: 1000 / slow, meanMs: slow, p50Ms: slow, p99Ms: slow });
    });
  const [change] = compareRuns(together(base), together(independent), usual);
  const width = Math.log((change?.interval?.high ?? 1) / (change?.interval?.low ?? 1));
  const ratio = width / widthOf(independent, 'perf_throughput');
  t.true(ratio > 0.7 && ratio < 0.95, String(ratio)); // t(1 - 0.0025) over t(1 - 0.0025 / 4) is 0.84 with 18 degrees
});

test('compareRuns takes windows for the noise of a single run, and decides nothing from one window', (t) => {
  const level = levelFixture({ latenciesMs: [1, 2, 3] });
  const windows = (factor: number) =>
    [1, 1.001, 0.999].map((noise, index) => ({
      ...level.summary,
      throughput: 100 * factor * noise,
      index,
      startMs: 1000 * index,
    }));
  const run = (factor: number) => runFixture([{ ...level, windows: windows(factor), summarisedWindows: 3 }]);
  t.is(kinds([run(1)], [run(0.8)])['perf_throughput'], 'worse');
  t.is(kinds([run(1)], [run(1)])['perf_throughput'], 'same');
  const assumed = { ...usual, runNoise: 0.03 };
  t.is(
    kinds([run(1)], [run(0.92)], assumed)['perf_throughput'],
    'undecided',
    'another start of the server may do as much',
  );
  t.is(kinds([run(1)], [run(0.8)], assumed)['perf_throughput'], 'worse');
  t.is(kinds([runFixture([level])], [runFixture([level])])['perf_throughput'], 'undecided');
});

test('compareRuns compares the figures of all windows of a single run together', (t) => {
  const quick = levelFixture({ latenciesMs: Array.from({ length: 199 }, () => 1) });
  const slow = levelFixture({ latenciesMs: Array.from({ length: 3 }, () => 50) });
  const windows = [quick, slow, quick].map(({ summary }, index) => ({ ...summary, index, startMs: 1000 * index }));
  const run = runFixture([{ ...quick, windows, summarisedWindows: 3 }]);
  const changes = compareRuns([run], [run], usual);
  const of = (name: string) => changes.find(({ metric }) => metric === name)?.base ?? Number.NaN;
  t.true(Math.abs(of('perf_throughput') - 401 / 3) < 1e-9);
  t.true(Math.abs(of('perf_latency_avg') - (398 + 150) / 401) < 1e-9);
  t.true(Math.abs(of('perf_latency_p50') - 1) < 0.001);
  t.true(Math.abs(of('perf_latency_p99') - 1) < 0.001, 'three of 401 are slow: none of them is p99');
});

test('compareRuns is not surer for windows that only repeat their neighbours', (t) => {
  const level = levelFixture({ latenciesMs: [1, 2, 3] });
  const run = (repeats: number) => {
    const windows = Array.from({ length: 20 * repeats }, (_, index) => ({
      ...level.summary,
      throughput: 100 + (Math.floor(index / repeats) % 3),
      index,
      startMs: 1000 * index,
    }));
    return runFixture([{ ...level, windows, summarisedWindows: windows.length }]);
  };
  const intervalOf = (repeats: number) => {
    const [change] = compareRuns([run(repeats)], [run(repeats)], usual);
    return [change?.interval?.low, change?.interval?.high].map((bound) => bound?.toFixed(9));
  };
  t.deepEqual(intervalOf(3), intervalOf(1));
});

test('compareRuns fails what is missing on one side', (t) => {
  const both = runFixture([1, 2].map((concurrency) => levelFixture({ concurrency, latenciesMs: [1, 2] })));
  const one = runFixture([levelFixture({ concurrency: 1, latenciesMs: [1, 2] })]);
  const changes = compareRuns([both], [one], usual).filter(({ level }) => level === 'concurrency 2');
  t.is(changes.length, 4);
  t.true(changes.every(({ kind, isRegression }) => kind === 'missing' && isRegression));
  const failed = runFixture([levelFixture({ concurrency: 1, latenciesMs: [] })]);
  t.true(compareRuns([one], [failed], usual).every(({ kind }) => kind === 'missing'));
});

test('compareRuns with thresholds fails only what got worse by more', (t) => {
  const random = seededRandom(3);
  const base = many(5, () => simulatedRun(random, 0.005));
  const next = many(5, () => simulatedRun(random, 0.005, 1.08));
  const regressions = (...thresholds: CompareOptions['thresholds'][number][]) =>
    compareRuns(base, next, { ...usual, thresholds })
      .filter(({ isRegression }) => isRegression)
      .map(({ metric }) => metric);
  t.is(regressions().length, 4);
  t.deepEqual(regressions({ metric: 'perf_latency_p99', share: 0.05 }), ['perf_latency_p99']);
  t.deepEqual(regressions({ metric: 'perf_latency_p99', share: 0.2 }), []);
  t.deepEqual(regressions({ metric: 'perf_throughput', share: 0.05 }), ['perf_throughput']);
});

const drawn = (random: Random): Run => {
  const figures = recordedNoise[Math.floor(random() * recordedNoise.length)];
  if (figures === undefined) throw new Error('there is noise');
  return runWith(figures);
};

test('compareRuns rarely tells runs of the same apart, and mostly finds 5 % in noise of 2 %', (t) => {
  const random = seededRandom(11);
  const alarms = Array.from({ length: 150 }, () => {
    const [base, next] = [many(10, () => drawn(random)), many(10, () => drawn(random))];
    const options = { ...usual, falseAlarms: usualFalseAlarms(base, next) };
    return compareRuns(base, next, options).some(({ isRegression }) => isRegression);
  }).filter(Boolean).length;
  // Better or worse at 1 %, worse at half of that: more than 4 of 150 come once in a thousand times.
  t.true(alarms <= 4, String(alarms));
  const found = Array.from({ length: 60 }, () => {
    const base = many(10, () => simulatedRun(random, 0.02));
    return (
      kinds(
        base,
        many(10, () => simulatedRun(random, 0.02, 1.05)),
      )['perf_latency_p99'] === 'worse'
    );
  }).filter(Boolean).length;
  t.true(found >= 54, String(found));
});

test('differencesOf names what is not the same', (t) => {
  const run = runFixture([]);
  t.deepEqual(differencesOf([run, run]), []);
  const other: Run = {
    ...run,
    settings: { ...run.settings, modelName: 'n', batchSize: 4 },
    machine: { ...run.machine, logicalCpus: 8 },
  };
  t.deepEqual(differencesOf([run, other]), [
    'model: m and n',
    'batch size: 1 and 4',
    'processor: 2 x Example CPU (x64) and 8 x Example CPU (x64)',
  ]);
});
