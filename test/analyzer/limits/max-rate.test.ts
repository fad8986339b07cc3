import test from 'ava';
import { analyze } from '../../../analyzer/analyze.js';
import { maxRateOf } from '../../../analyzer/limits/max-rate.js';
import { probeTable } from '../../../reports/max-rate.js';
import { formatText } from '../../../reports/text.js';
import type { Arrivals } from '../../../src/core/load.js';
import { levelValue } from '../../../src/core/load-name.js';
import type { Level } from '../../../src/core/run.js';
import { adaptiveMeasurement, type SimulatedLevel, simulatedPorts } from '../../helpers/measure-simulated.js';
import { largestRate } from '../../helpers/queue-truth.js';
import { runFixture } from '../../helpers/run-fixture.js';
import { schemaErrors } from '../../helpers/run-schema.js';

interface Search extends Pick<SimulatedLevel, 'serviceMs' | 'failure' | 'lateMs'> {
  readonly limitMs: number;
  readonly percentile?: number;
  readonly start?: number;
  readonly arrivals?: Arrivals['kind'] & ('poisson' | 'constant');
  readonly maxMs?: number;
}

async function searched({
  limitMs,
  percentile = 99,
  start = 10,
  arrivals = 'constant',
  maxMs = 5000,
  ...server
}: Search) {
  const { simulation, ports } = simulatedPorts(server);
  const maxRate = { percentile, limitMs, maxMs, maxProbes: 12 };
  const { adaptive: _adaptive, ...common } = adaptiveMeasurement;
  const measurement = { ...common, percentile, maxRate };
  const load = {
    kind: 'request-rate',
    range: { start, end: 0, step: 1 },
    search: 'max-rate',
    arrivals: { kind: arrivals },
    shape: { kind: 'constant' },
    maxInFlight: 64,
  } as const;
  const levels = await simulation.run(
    (async () => {
      const found: Level[] = [];
      const options = { batchSize: 1, measurement, load, seed: 1 };
      for await (const level of analyze(options, ports, new AbortController().signal)) found.push(level);
      return found;
    })(),
  );
  const found = maxRateOf(levels, maxRate);
  if (found === undefined) throw new Error('there was no probe');
  const fixture = runFixture(levels);
  const run = { ...fixture, settings: { ...fixture.settings, load, measurement }, maxRate: found };
  return { levels, found, run };
}

test('analyze finds the capacity of a server that takes 10 ms a request, within 5 % in 12 probes: a cliff', async (t) => {
  const { levels, found, run } = await searched({ serviceMs: () => 10, limitMs: 50 });
  t.true(levels.length <= 12);
  t.true(Math.abs(found.rate / 100 - 1) < 0.05, String(found.rate));
  t.true(found.low <= 100 && found.high >= 100, `${found.low} to ${found.high}`);
  t.like(found, { isBracketed: true, edge: 'cliff' });
  t.true(levels.some(({ probe }) => probe?.isSaturated));
  t.true(levels.every(({ verdict }) => !verdict.findings.some(({ code }) => code === 'rate-shortfall')));
  t.deepEqual(schemaErrors(run), []);
  t.regex(
    formatText(run),
    /! Largest rate with p99 <= 50 ms: [\d.]+ requests\/s \([\d.]+ to [\d.]+ at 95 %\), a cliff/,
  );
  t.is(probeTable(run)?.rows.length, levels.length);
});

test('analyze finds the rate at which p90 of an M/D/1 queue is at the limit, which is smooth', async (t) => {
  const truth = largestRate(0.005, 0.015, 0.9);
  const { levels, found } = await searched({
    ...{ serviceMs: () => 5, limitMs: 15, percentile: 90, start: 50, arrivals: 'poisson', maxMs: 15_000 },
  });
  t.true(levels.length <= 12);
  t.true(Math.abs(found.rate / truth - 1) < 0.05, `${found.rate}, not ${truth}`);
  t.true(found.low <= truth && truth <= found.high, `${found.low} to ${found.high}, not ${truth}`);
  t.is(found.edge, 'smooth');
});

test('analyze gives up where even an idle server is too slow, and says so', async (t) => {
  const { levels, found, run } = await searched({ serviceMs: () => 60, limitMs: 50, start: 4, maxMs: 2000 });
  t.false(found.isBracketed);
  t.true(levels.length < 5 && levels.every(({ probe }) => probe?.answer === 'missed'));
  t.true(levelValue(levels.at(-1)?.load ?? run.levels[0]?.load ?? { kind: 'concurrency', concurrency: 0 }) <= 4);
  t.regex(formatText(run), /Largest rate with p99 <= 50 ms: none was found, [\d.]+ requests\/s missed it too\./);
});

/** Every tenth second a client cannot run for 200 ms. */
const stallsUntil = (endMs: number) => (dueMs: number) =>
  dueMs < endMs && dueMs % 1000 < 200 ? 200 - (dueMs % 1000) : 0;

test('analyze does not take it for the server that requests were sent late, and probes again', async (t) => {
  const { levels, found } = await searched({ serviceMs: () => 10, limitMs: 50, lateMs: stallsUntil(5000), start: 40 });
  t.is(levels[0]?.probe?.answer, 'late');
  t.true(levels.slice(1).every(({ probe }) => probe?.answer !== 'late'));
  t.deepEqual(levels[1]?.load, levels[0]?.load);
  t.true(levels.length <= 12);
  t.true(Math.abs(found.rate / 100 - 1) < 0.05, String(found.rate));
});

test('analyze says that it cannot tell where requests are always sent late', async (t) => {
  const client = { limitMs: 50, lateMs: stallsUntil(Number.POSITIVE_INFINITY), start: 40 };
  const { levels, found, run } = await searched({ serviceMs: () => 10, ...client });
  t.deepEqual(
    levels.map(({ probe }) => probe?.answer),
    ['late', 'late', 'late'],
  );
  t.false(found.isBracketed);
  t.deepEqual(schemaErrors(run), []);
  t.regex(formatText(run), /p99 <= 50 ms: unknown: at 40 requests\/s the client sent too late to tell\./);
});

test('analyze does not take requests that were due and never sent for answers in time', async (t) => {
  // 250 are due in each stall: 64 are sent late, which are 0.64 % of all, and the others are dropped, 1.9 %.
  const lateMs = (dueMs: number) => (dueMs % 1000 < 25 ? 25 - (dueMs % 1000) : 0);
  const { levels } = await searched({ serviceMs: () => 0.01, limitMs: 10, lateMs, start: 10_000, maxMs: 3000 });
  t.deepEqual(
    levels.map(({ probe }) => probe?.answer),
    ['late', 'late', 'late'],
  );
});

test('analyze counts requests that fail as over the limit', async (t) => {
  const { found } = await searched({
    ...{ serviceMs: () => 1, limitMs: 50, start: 100, maxMs: 2000 },
    failure: (index) => (index % 20 === 0 ? ({ code: 'http 503', message: 'busy' } as never) : undefined),
  });
  t.false(found.isBracketed);
});

test('analyze does not take a probe with too few requests for a miss, nor goes on to rates with even fewer', async (t) => {
  const { levels, run } = await searched({ serviceMs: () => 10, limitMs: 50, start: 4, maxMs: 2000 });
  t.deepEqual(
    levels.map(({ probe }) => probe?.answer),
    ['unknown'],
  );
  t.deepEqual(schemaErrors(run), []);
  t.regex(
    formatText(run),
    /p99 <= 50 ms: unknown: 4 requests\/s gave \d requests in 2 s, too few to tell\. Start at a higher/,
  );
});

test('analyze goes down no further than to the rate at which a probe can still tell', async (t) => {
  const { levels } = await searched({ serviceMs: () => 60, limitMs: 50, start: 640, maxMs: 5000 });
  t.true(levels.every(({ probe }) => probe?.answer === 'missed'));
  t.true(
    levels.every(({ load }) => levelValue(load) >= 59),
    'p99 needs 299 requests in 5 s',
  );
});
