import test from 'ava';
import { localSender } from '../../../analyzer/load/local-sender.js';
import { rateSchedule } from '../../../analyzer/load/schedule.js';
import { measureLevel } from '../../../analyzer/measure/measure-level.js';
import { mixRequests } from '../../../analyzer/targets/mix-requests.js';
import { spreadOverServers } from '../../../analyzer/targets/spread-over-servers.js';
import type { Targets } from '../../../analyzer/targets/targets.js';
import type { Failure } from '../../../src/core/failure.js';
import type { RequestRateLoad } from '../../../src/core/load.js';
import type { Level, LevelPart, RequestCounts } from '../../../src/core/run.js';
import type { MeasurementSettings } from '../../../src/core/run-settings.js';
import { idleClient } from '../../helpers/run-fixture.js';
import { simulatedPacer } from '../../helpers/simulated-pacer.js';
import { createSimulatedServer, type SimulatedServerOptions } from '../../helpers/simulated-server.js';
import { createSimulation } from '../../helpers/simulation.js';

const measurement: MeasurementSettings = {
  mode: 'time_windows',
  intervalMs: 1000,
  requestCount: 50,
  warmupRequestCount: 0,
  stabilityPercent: 10,
  maxTrials: 5,
  maxErrorRatePercent: 1,
};

const load: RequestRateLoad = {
  kind: 'request-rate',
  requestsPerSecond: 100,
  arrivals: { kind: 'constant' },
  shape: { kind: 'constant' },
  maxInFlight: 100,
};

interface Setup {
  readonly targets: Targets;
  /** What stands behind each target. */
  readonly behind: readonly SimulatedServerOptions[];
  readonly concurrency?: number;
  readonly changes?: Partial<MeasurementSettings>;
  readonly onAnswer?: (request: number) => void;
}

/** Each target has one prepared request, and a simulated server of its own. Without a concurrency 100 requests a second. */
function measure({ targets, behind, concurrency, changes, onAnswer }: Setup): Promise<Level> {
  const simulation = createSimulation();
  const servers = behind.map((options) => createSimulatedServer(simulation, options));
  const opens = servers.map(({ open }) => open);
  const level = measureLevel(
    {
      batchSize: 1,
      targets,
      measurement: { ...measurement, ...changes },
      planned:
        concurrency === undefined
          ? { load, schedule: () => rateSchedule(load, 0) }
          : { load: { kind: 'concurrency', concurrency } },
    },
    {
      openSender: localSender({
        open: spreadOverServers(opens, 1),
        order: mixRequests(targets, concurrency === undefined ? 'open' : 'closed'),
        clock: simulation.clock,
        openPacer: async () => simulatedPacer(simulation),
        drainLimitMs: 1000,
      }),
      clock: simulation.clock,
      startMeter: () => ({ read: async () => ({ ...idleClient, cpuMs: 1 }), [Symbol.dispose]: () => undefined }),
      readStatistics: async (target) => servers[target]?.statistics(),
      recordAnswers:
        () =>
        ({ request }) =>
          onAnswer?.(request),
      onStart: () => undefined,
    },
    new AbortController().signal,
  );
  return simulation.run(level);
}

const models = (...weights: readonly number[]): Targets => ({
  models: weights.map((weight, index) => ({ name: `model ${index}`, weight, requestCount: 1 })),
  urls: ['server'],
});

const servers = (count: number): Targets => ({
  models: [{ name: 'model', weight: 1, requestCount: 1 }],
  urls: Array.from({ length: count }, (_, index) => `server ${index}`),
});

const p50 = ({ summary }: LevelPart): number => Math.round(summary.latency?.percentilesMs['50'] ?? 0);
const gone: Failure = { code: 'connect', message: 'gone' };

/** Two models that differ in weight and in service time. */
async function mixOfTwo() {
  const answered = [0, 0];
  const level = await measure({
    targets: models(3, 1),
    behind: [
      { serviceMs: () => 5, servers: 9 },
      { serviceMs: () => 40, servers: 9 },
    ],
    onAnswer: (request) => {
      answered[request] = (answered[request] ?? 0) + 1;
    },
  });
  const [light, heavy] = level.models ?? [];
  if (light === undefined || heavy === undefined) throw new Error('no models');
  return { level, light, heavy, answered };
}

test('measureLevel keeps the latencies and counts of several models apart', async (t) => {
  const { level, light, heavy, answered } = await mixOfTwo();
  t.is(level.servers, undefined);
  t.deepEqual([light.name, heavy.name], ['model 0', 'model 1']);
  t.deepEqual([p50(light), p50(heavy)], [5, 40]);
  t.is(light.summary.requests + heavy.summary.requests, level.summary.requests);
  t.true(Math.abs(light.summary.throughput - 75) < 1);
  t.true(Math.abs(heavy.summary.throughput - 25) < 1);
  t.true(Math.abs((light.summary.pacing?.intended ?? 0) - 225) <= 1);
  t.true(Math.abs((heavy.summary.pacing?.intended ?? 0) - 75) <= 1);
  for (const key of ['intended', 'sent', 'dropped', 'ok', 'failed', 'inFlight'] satisfies (keyof RequestCounts)[]) {
    t.is(light.requests[key] + heavy.requests[key], level.requests[key], key);
  }
  const [toLight = 0, toHeavy = 0] = answered;
  t.true(toHeavy > 70 && Math.abs(toLight - 3 * toHeavy) < 20);
  t.is(level.verdict.kind, 'valid');
});

test('measureLevel adds up what the server says of several models', async (t) => {
  const { level, light, heavy } = await mixOfTwo();
  const servers = [light, heavy, level].map(({ summary }) => summary.server);
  const [ofLight, ofHeavy, total] = servers.map((server) => server ?? { requests: 0, requestMs: 0, clientMs: 0 });
  t.deepEqual(
    [ofLight?.requestMs, ofHeavy?.requestMs].map((ms = 0) => Math.round(ms)),
    [5, 40],
  );
  t.is(ofLight?.clientMs, ofLight?.requestMs); // no network here
  t.is(total?.requests, (ofLight?.requests ?? 0) + (ofHeavy?.requests ?? 0));
  t.true(Math.abs((total?.requestMs ?? 0) - (5 * 3 + 40) / 4) < 0.5);
  t.true(Math.abs((total?.clientMs ?? 0) - (total?.requestMs ?? 0)) < 1e-6);
});

test('measureLevel finds a model whose requests all fail, however few they are', async (t) => {
  const failure = (): Failure => ({ code: 'http 503', message: 'no' });
  const level = await measure({
    targets: models(200, 1),
    behind: [{ serviceMs: () => 1 }, { serviceMs: () => 1, failure }],
    changes: { mode: 'request_count', requestCount: 402 },
  });
  const [sound, broken] = level.models ?? [];
  t.like(sound?.requests, { sent: 400, ok: 400 });
  t.like(broken?.requests, { sent: 2, failed: 2 });
  t.is(sound?.verdict.kind, 'valid');
  t.deepEqual(broken?.failures, [{ code: 'http 503', count: 2, firstMessage: 'no' }]);
  t.is(level.verdict.kind, 'invalid');
  t.like(level.verdict.findings[0], { code: 'no-samples', about: { kind: 'model', name: 'model 1' } });
});

test('measureLevel counts dropped requests where they were due', async (t) => {
  const level = await measure({
    targets: models(3, 1),
    behind: [{ serviceMs: () => 1 }, { serviceMs: () => 5000, servers: 1000 }],
    changes: { mode: 'request_count', requestCount: 800 },
  });
  const [light, heavy] = level.models ?? [];
  t.true((light?.requests.dropped ?? 0) > 50);
  t.is((light?.requests.dropped ?? 0) + (heavy?.requests.dropped ?? 0), level.requests.dropped);
  t.true(Math.abs((light?.requests.intended ?? 0) - 3 * (heavy?.requests.intended ?? 0)) <= 3);
});

test('measureLevel of a closed loop: a server that goes away fails alone, and the level is invalid', async (t) => {
  const level = await measure({
    targets: servers(2),
    concurrency: 4,
    behind: [
      { serviceMs: () => 10, servers: 2 },
      { serviceMs: () => 10, servers: 2, failure: (index) => (index < 250 ? undefined : gone) },
    ],
  });
  const [stays, goes] = level.servers ?? [];
  t.is(level.models, undefined);
  t.deepEqual(stays?.failures, []);
  t.is(stays?.verdict.kind, 'valid');
  t.true(Math.abs((stays?.summary.throughput ?? 0) - 200) < 2);
  t.is(goes?.requests.ok, 250);
  t.true((goes?.failures[0]?.count ?? 0) < 30); // it is not hammered
  t.true(goes?.verdict.findings.some(({ code }) => code === 'server-lost'));
  t.is(level.verdict.kind, 'invalid');
  t.true(level.verdict.findings.some(({ code, about }) => code === 'server-lost' && about?.name === 'server 1'));
  t.not(level.stability.stable ? undefined : level.stability.reason, 'server-lost');
});

test('measureLevel of a closed loop: a slow server does not hold up a fast one', async (t) => {
  const level = await measure({
    targets: servers(2),
    concurrency: 4,
    behind: [
      { serviceMs: () => 10, servers: 2 },
      { serviceMs: () => 50, servers: 2 },
    ],
  });
  t.deepEqual(
    level.servers?.map(({ summary }) => Math.round(summary.throughput / 10)),
    [20, 4],
  );
  t.is(
    level.summary.server?.requests,
    (level.servers ?? []).reduce((sum, { summary }) => sum + (summary.server?.requests ?? 0), 0),
  );
});

test('measureLevel: windows in which one server is gone and the other slow do not end the level', async (t) => {
  const level = await measure({
    targets: servers(2),
    concurrency: 2,
    behind: [{ serviceMs: () => 1500 }, { serviceMs: () => 1, failure: () => gone }],
  });
  t.is(level.windows.length, 5);
  t.is(level.windows[0]?.requests, 0);
  t.true((level.windows[0]?.failedRequests ?? 0) > 0);
  t.is(level.servers?.[0]?.requests.ok, 3);
});

test('measureLevel: a server that comes back is not lost', async (t) => {
  const level = await measure({
    targets: servers(2),
    concurrency: 2,
    behind: [
      { serviceMs: () => 10 },
      { serviceMs: () => 10, failure: (index) => (index >= 40 && index < 44 ? gone : undefined) },
    ],
  });
  t.is(level.servers?.[1]?.failures[0]?.count, 4);
  t.false(level.verdict.findings.some(({ code }) => code === 'server-lost'));
});
