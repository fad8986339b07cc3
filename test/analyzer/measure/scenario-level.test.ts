import test from 'ava';
import { formatCsv } from '../../../reports/csv.js';
import { describeScenario } from '../../../reports/scenario.js';
import type { RequestRateLoad } from '../../../src/core/load.js';
import { seededRandom } from '../../../src/core/random.js';
import type { Level } from '../../../src/core/run.js';
import type { MeasurementSettings } from '../../../src/core/run-settings.js';
import type { ScenarioSettings } from '../../../src/core/scenario.js';
import { adaptiveMeasurement, measureSimulated, type SimulatedLevel } from '../../helpers/measure-simulated.js';
import { runFixture } from '../../helpers/run-fixture.js';
import { schemaErrors } from '../../helpers/run-schema.js';

const { adaptive: _adaptive, ...common } = adaptiveMeasurement;
const measurementOf = (scenario: ScenarioSettings): MeasurementSettings => ({ ...common, scenario });
const held = (scenario: ScenarioSettings, setup: SimulatedLevel): Promise<Level> =>
  measureSimulated({ measurement: measurementOf(scenario), ...setup });
const lengthMs = ({ windows }: Level): number => windows.reduce((sum, { durationMs }) => sum + durationMs, 0);

const singleStream: ScenarioSettings = {
  name: 'single-stream',
  ...{ percentile: 90, minMs: 5000, minQueries: 100, maxMs: 10_000 },
};
const poisson = (requestsPerSecond: number): RequestRateLoad => ({
  kind: 'request-rate',
  requestsPerSecond,
  arrivals: { kind: 'poisson' },
  shape: { kind: 'constant' },
  maxInFlight: 64,
});
const server: ScenarioSettings = {
  name: 'server',
  ...{ percentile: 99, limitMs: 50, minMs: 10_000, minQueries: 100, maxMs: 20_000 },
};

test('measureLevel of scenario single-stream gives p90 as early stopping does, after the least time', async (t) => {
  const level = await held(singleStream, { serviceMs: (index) => (index % 12 === 0 ? 60 : 10) });
  t.is(lengthMs(level), 5000);
  const { scenario, summary } = level;
  t.like(scenario, { isValid: true, queries: summary.requests });
  // 352 queries, of which 29 take 60 ms: with 21 over the limit so many prove p90 at 99 %, with 22 they would not.
  t.is(scenario?.discarded, 20);
  t.is(Math.round(scenario?.latencyMs ?? 0), 60);
  t.is(Math.round(summary.latency?.percentilesMs['90'] ?? 0), 10);
});

test('measureLevel of a scenario goes on until it has enough queries, and no longer than it may', async (t) => {
  const slow = await held(singleStream, { serviceMs: () => 80 });
  t.is(lengthMs(slow), 8500); // 100 queries of 80 ms, in windows of 500 ms
  t.true(slow.scenario?.isValid);
  const slower = await held(singleStream, { serviceMs: () => 500 });
  t.is(lengthMs(slower), 10_000);
  t.like(slower.scenario, { isValid: false, checks: { minDuration: true, minQueries: false, earlyStopping: false } });
  t.is(slower.scenario?.latencyMs, undefined);
  const sentences = describeScenario(slower, measurementOf(singleStream));
  t.regex(sentences[0] ?? '', /^MLPerf scenario single-stream: p90 unknown after (19|20) queries: INVALID, \d+ of 100/);
  t.regex(sentences[1] ?? '', /^This is no MLPerf result: at least 5 s, where the rules ask for 600 s\.$/);
});

test('measureLevel of scenario server is valid within the limit, and counts failures as over it', async (t) => {
  const good = await held(server, { load: poisson(100), serviceMs: () => 2 });
  t.like(good.scenario, { isValid: true, over: 0, checks: { latency: true, earlyStopping: true } });
  t.true(Math.abs((good.scenario?.samplesPerSecond ?? 0) - 100) < 10);
  const failure = { code: 'http 503', message: 'busy' } as never;
  const failing = await held(server, {
    load: poisson(100),
    serviceMs: () => 2,
    failure: (index) => (index % 50 === 0 ? failure : undefined),
  });
  t.like(failing.scenario, { isValid: false, checks: { latency: false, earlyStopping: false } });
});

test('measureLevel of scenario server is not sure of a percentile that is barely within the limit', async (t) => {
  const random = seededRandom(3);
  const level = await held(server, { load: poisson(50), servers: 8, serviceMs: () => (random() < 0.008 ? 60 : 2) });
  t.like(level.scenario, { isValid: false, checks: { latency: true, earlyStopping: false } });
});

test('measureLevel of scenario offline counts samples, and its run is a document with columns of its own', async (t) => {
  const offline: ScenarioSettings = { name: 'offline', minMs: 600_000, minQueries: 24_576, maxMs: 1_200_000 };
  const load = { kind: 'concurrency', concurrency: 4 } as const;
  const level = await held({ ...offline, minMs: 2000 }, { load, servers: 4, batchSize: 32, serviceMs: () => 20 });
  t.like(level.scenario, { isValid: true, checks: { minQueries: true } });
  t.is(Math.round((level.scenario?.samplesPerSecond ?? 0) / 64), 100);
  const fixture = runFixture([level]);
  const run = { ...fixture, settings: { ...fixture.settings, measurement: measurementOf(offline) } };
  t.deepEqual(schemaErrors(run), []);
  t.regex(formatCsv(run, { isVerbose: false }), /MLPerf Samples\/Second,MLPerf Queries,MLPerf Validity\n.*,VALID\n/);
  t.regex(describeScenario(level, run.settings.measurement)[1] ?? '', /no official MLPerf result/);
});
