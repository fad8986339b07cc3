import test from 'ava';
import { constantRate } from '../../../analyzer/load/constant-rate.js';
import { planPlainLoad } from '../../../analyzer/load/plan-load.js';
import type { LevelView } from '../../../analyzer/measure/level-view.js';
import { measureLevel } from '../../../analyzer/measure/measure-level.js';
import type { Failure } from '../../../src/core/failure.js';
import type { ClosedLoad, RequestRateLoad } from '../../../src/core/load.js';
import type { Pacing } from '../../../src/core/run.js';
import type { MeasurementSettings } from '../../../src/core/run-settings.js';
import { type SimulatedLevel, simulatedPorts } from '../../helpers/measure-simulated.js';

const everySecond: MeasurementSettings = {
  mode: 'time_windows',
  intervalMs: 1000,
  requestCount: 50,
  warmupRequestCount: 0,
  stabilityPercent: 10,
  maxTrials: 10,
  maxErrorRatePercent: 1,
};

type Setup = Omit<SimulatedLevel, 'load'> & {
  readonly concurrency?: number;
  readonly load?: ClosedLoad | RequestRateLoad;
  readonly stop?: readonly [atMs: number, reason: string];
};

function measure(setup: Setup) {
  const { load = { kind: 'concurrency', concurrency: setup.concurrency ?? 1 } } = setup;
  const { simulation, server, ports } = simulatedPorts(setup);
  const stopping = new AbortController();
  const views: LevelView[] = [];
  if (setup.stop !== undefined) {
    const [atMs, reason] = setup.stop;
    simulation.after(atMs, () => stopping.abort(reason));
  }
  const level = measureLevel(
    { batchSize: 1, measurement: everySecond, planned: planPlainLoad(load, 0), ...setup },
    {
      ...ports,
      onStart: (view) => {
        simulation.after(1500, () => views.push(view()));
      },
    },
    stopping.signal,
  );
  return simulation.run(level).then((measured) => ({ level: measured, views, server }));
}

test('measureLevel ends with the first window when half of its answers took longer than is hopeless', async (t) => {
  const windows = async (hopelessMs: number, serviceMs: (index: number) => number) => {
    const { level } = await measure({ measurement: { ...everySecond, hopelessMs }, serviceMs });
    t.true((level.summary.throughput ?? 0) > 0);
    return level.windows.length;
  };
  t.is(await windows(30, () => 40), 1);
  t.is(await windows(50, () => 40), 3);
  t.is(await windows(30, (index) => (index % 3 === 0 ? 40 : 10)), 3, 'a third of them');
  t.is(await windows(30, () => 90), 3, 'eleven answers say too little');
});

test('measureLevel ends with the first window that brought less throughput than is worth more', async (t) => {
  const windows = async (hopelessThroughput: number) => {
    const { level } = await measure({ measurement: { ...everySecond, hopelessThroughput }, serviceMs: () => 40 });
    return level.windows.length;
  };
  t.is(await windows(26), 1);
  t.is(await windows(20), 3);
});

test('measureLevel at a serial server of 50 ms with concurrency 2 finds 20 inferences/s and 100 ms', async (t) => {
  const { level } = await measure({ concurrency: 2, serviceMs: () => 50 });
  t.deepEqual(level.stability, { stable: true });
  t.is(level.windows.length, 3);
  t.is(level.summarisedWindows, 3);
  t.is(level.summary.throughput, 59 / 3); // the answers of the last instant belong to the next window
  t.is(level.summary.durationMs, 3000);
  t.true(Math.abs((level.summary.latency?.percentilesMs['50'] ?? 0) - 100) < 0.1);
  t.true(level.windows.every(({ durationMs }) => durationMs === 1000));
});

test('measureLevel counts inferences, not requests, in throughput', async (t) => {
  const { level } = await measure({ concurrency: 1, batchSize: 8, serviceMs: () => 30 });
  t.is(level.summary.requests, 99);
  t.is(level.summary.throughput, (99 * 8) / 3);
});

test('measureLevel the server split adds up to the request time and stays below the client', async (t) => {
  const { level } = await measure({ concurrency: 4, serviceMs: () => 20 });
  const server = level.summary.server;
  t.truthy(server);
  const sum =
    (server?.queueMs ?? 0) +
    (server?.computeInputMs ?? 0) +
    (server?.computeInferMs ?? 0) +
    (server?.computeOutputMs ?? 0) +
    (server?.overheadMs ?? 0);
  t.true(Math.abs(sum / (server?.requestMs ?? 0) - 1) < 1e-9);
  t.true((server?.requestMs ?? 0) <= (level.summary.latency?.meanMs ?? 0) + 1e-9);
  t.is(server?.meanBatchSize, 1);
});

test('measureLevel goes on until throughput and latency agree', async (t) => {
  const { level } = await measure({ concurrency: 1, serviceMs: (index) => (index < 30 ? 90 - 2 * index : 30) });
  t.deepEqual(level.stability, { stable: true });
  t.true(level.windows.length > 3);
  t.is(level.summarisedWindows, 3);
});

test('measureLevel shows a level that never settles, marked, with all its windows', async (t) => {
  const serviceMs = (index: number) => (Math.floor(index / 20) % 2 === 0 ? 20 : 60);
  const { level } = await measure({ concurrency: 1, serviceMs, measurement: { ...everySecond, maxTrials: 5 } });
  t.deepEqual(level.stability, { stable: false, reason: 'throughput' });
  t.is(level.windows.length, 5);
  t.true(level.summary.requests > 0);
});

const hundredPerSecond = constantRate(100, 1000);

/** The server works on nothing for 500 ms, once: 1 s after the start. */
const stall = { at: 1000, ms: 500 };

test('measureLevel of an open loop shows a stall of the server in the response time of all requests that met it', async (t) => {
  const { level } = await measure({
    load: { ...hundredPerSecond, requestsPerSecond: 1000 },
    servers: 1000,
    serviceMs: () => 0,
    holdUntilMs: (nowMs) => (nowMs >= stall.at && nowMs < stall.at + stall.ms ? stall.at + stall.ms : nowMs),
    measurement: { ...everySecond, intervalMs: 5000, maxTrials: 1 },
  });
  const { percentilesMs = {} } = level.summary.latency ?? {};
  t.is(level.summary.requests, 4999);
  t.true(Math.abs((percentilesMs['95'] ?? 0) - 250) <= 2, JSON.stringify(percentilesMs)); // 1/20 of 5 s is over it
  t.true(Math.abs((percentilesMs['99'] ?? 0) - 450) <= 2, JSON.stringify(percentilesMs));
});

test('measureLevel of an open loop measures a server that always takes 50 ms as often as there are requests', async (t) => {
  const { level } = await measure({ load: hundredPerSecond, servers: 1000, serviceMs: () => 50 });
  t.deepEqual(level.stability, { stable: true });
  const { latency, pacing, requests } = level.summary;
  for (const ms of [latency?.minMs, latency?.maxMs, pacing?.serviceTime?.maxMs]) {
    t.true(Math.abs((ms ?? 0) - 50) < 1e-6, `${ms}`);
  }
  t.true((pacing?.sendLag?.maxMs ?? 1) < 1e-6);
  t.like(pacing, { intended: 299, sent: 299, dropped: 0 }); // the one at 3 s belongs to the next window
  t.is(requests, 294); // what was sent in the last 50 ms is answered later
  t.is(pacing?.askedRate, 299 / 3);
});

for (const arrivals of [{ kind: 'constant' }, { kind: 'poisson' }, { kind: 'gamma', shape: 0.25 }] as const) {
  test(`measureLevel accounts for every request of an overloaded open loop with ${arrivals.kind} arrivals`, async (t) => {
    const { level, server } = await measure({
      load: { ...hundredPerSecond, arrivals, maxInFlight: 5 },
      serviceMs: () => 40,
      failure: (index) => (index % 7 === 0 ? { code: 'http 503', message: 'busy' } : undefined),
      measurement: { ...everySecond, maxTrials: 5 },
    });
    const { intended, sent, dropped, ok, failed, inFlight } = level.requests;
    t.true(dropped > 0 && inFlight > 0 && failed > 0);
    t.is(sent, server.sent.length);
    t.is(intended, sent + dropped);
    t.is(sent, ok + failed + inFlight);
    const windows = level.windows.map(({ pacing }) => pacing);
    const inWindows = (pick: (pacing: Pacing) => number): number =>
      windows.reduce((sum, pacing) => sum + (pacing === undefined ? 0 : pick(pacing)), 0);
    const afterwards = intended - inWindows((pacing) => pacing.intended);
    t.true(afterwards === 0 || afterwards === 1); // one may be due at the very end
    t.true(dropped - inWindows((pacing) => pacing.dropped) <= afterwards);
  });
}

test('measureLevel of an open loop judges stability by the response time', async (t) => {
  const { level } = await measure({
    load: hundredPerSecond,
    serviceMs: () => 12, // a queue that grows: throughput is steady, response time is not
    measurement: { ...everySecond, maxTrials: 4 },
  });
  t.deepEqual(level.stability, { stable: false, reason: 'latency' });
});

test('measureLevel says how much CPU the client spent on a request, and whether the level is to be believed', async (t) => {
  const healthy = await measure({ concurrency: 1, serviceMs: () => 10 });
  t.deepEqual(healthy.level.verdict, { kind: 'valid', findings: [] });
  t.is(healthy.level.clientHealth.cpuMsPerRequest, 1 / healthy.level.requests.sent);
  const busy = await measure({ concurrency: 1, serviceMs: () => 10, busyShare: 0.9 });
  t.is(busy.level.verdict.kind, 'suspect');
  const overloaded = await measure({ load: { ...hundredPerSecond, maxInFlight: 2 }, serviceMs: () => 40 });
  t.is(overloaded.level.verdict.kind, 'invalid');
});

test('measureLevel counts failures by class and goes on', async (t) => {
  const refused: Failure = { code: 'http 503', message: 'queue full' };
  const { level } = await measure({
    concurrency: 1,
    serviceMs: () => 10,
    failure: (index) => (index % 10 === 9 ? refused : undefined),
  });
  t.is(level.failures.length, 1);
  t.like(level.failures[0], { code: 'http 503', firstMessage: 'queue full' });
  t.is(
    level.summary.failedRequests,
    level.windows.reduce((sum, window) => sum + window.failedRequests, 0),
  );
  t.true(level.summary.requests > 9 * level.summary.failedRequests - 10);
});

test('measureLevel without one valid answer says so', async (t) => {
  const { level } = await measure({
    concurrency: 1,
    serviceMs: () => 10,
    failure: () => ({ code: 'http 500', message: 'broken' }),
    measurement: { ...everySecond, maxTrials: 4 },
  });
  t.deepEqual(level.stability, { stable: false, reason: 'no-valid-requests' });
  t.is(level.summary.latency, undefined);
  t.is(level.windows.length, 4);
});

test('measureLevel ends when a whole window reached nothing', async (t) => {
  const gone: Failure = { code: 'connect', message: 'ECONNREFUSED' };
  const { level } = await measure({
    concurrency: 2,
    serviceMs: () => 10,
    failure: (index) => (index > 150 ? gone : undefined),
  });
  t.deepEqual(level.stability, { stable: false, reason: 'server-lost' });
  t.true(level.windows.length < 4);
  t.true((level.windows[0]?.requests ?? 0) > 0);
});

test('measureLevel marks a level over the latency limit and ends after three windows', async (t) => {
  const serviceMs = (index: number) => (index % 2 === 0 ? 20 : 60);
  const { level } = await measure({
    concurrency: 1,
    serviceMs,
    latencyLimitMs: 30,
    measurement: { ...everySecond, stabilityPercent: 0 },
  });
  t.true(level.isOverLimit);
  t.is(level.windows.length, 3);
});

test('measureLevel judges by the percentile that was asked for', async (t) => {
  const serviceMs = (index: number) => (index % 20 === 0 ? 60 : 10);
  const limit = { latencyLimitMs: 50, concurrency: 1, serviceMs };
  const mean = await measure(limit);
  const p99 = await measure({ ...limit, measurement: { ...everySecond, percentile: 99 } });
  t.false(mean.level.isOverLimit);
  t.true(p99.level.isOverLimit);
});

for (const [reason, windows, atMs] of [
  ['interrupted', 2, 2500],
  ['server-lost', 1, 400],
] as const) {
  test(`measureLevel ${reason} at ${atMs} ms keeps what was measured`, async (t) => {
    const { level, server } = await measure({ concurrency: 1, serviceMs: () => 10, stop: [atMs, reason] });
    t.deepEqual(level.stability, { stable: false, reason });
    t.is(level.windows.length, windows);
    t.true(level.summary.requests >= 39);
    t.truthy(level.summary.server);
    t.true(server.sent.length <= atMs / 10 + 1);
  });
}

test('measureLevel count windows end with their last answer', async (t) => {
  const measurement: MeasurementSettings = { ...everySecond, mode: 'count_windows', requestCount: 25 };
  const { level } = await measure({ concurrency: 1, serviceMs: () => 10, measurement });
  t.deepEqual(
    level.windows.map(({ requests, durationMs }) => [requests, durationMs]),
    [
      [25, 250],
      [25, 250],
      [25, 250],
    ],
  );
  t.is(level.summary.throughput, 100);
});

test('measureLevel a server that falls silent ends a count, at its last answer', async (t) => {
  const serviceMs = (index: number) => (index < 20 ? 10 : 1e9);
  const silent = { ...everySecond, mode: 'count_windows', requestCount: 25, silenceLimitMs: 5000 } as const;
  const { level } = await measure({ concurrency: 1, serviceMs, measurement: silent });
  t.deepEqual(level.stability, { stable: false, reason: 'no-answer' });
  t.is(level.summary.requests, 20);
  t.is(level.summary.durationMs, 200);
  t.like(level.requests, { sent: 21, ok: 20, inFlight: 1 });
});

test('measureLevel waits for a server that takes longer than others while it answers, or nothing is asked', async (t) => {
  const patient = { ...everySecond, mode: 'request_count', requestCount: 20, silenceLimitMs: 5000 } as const;
  const slow = await measure({ concurrency: 2, servers: 2, serviceMs: () => 4000, measurement: patient });
  t.deepEqual(slow.level.stability, { stable: true });
  const rare = await measure({ load: constantRate(0.1, 1), serviceMs: () => 10, measurement: patient });
  t.deepEqual(rare.level.stability, { stable: true });
});

const exactly = (requestCount: number): MeasurementSettings => ({
  ...everySecond,
  mode: 'request_count',
  requestCount,
});

test('measureLevel of an exact count sends that many, and divides by the time that they took', async (t) => {
  const { level, server } = await measure({
    concurrency: 4,
    servers: 4,
    serviceMs: () => 10,
    measurement: exactly(22),
  });
  t.is(server.sent.length, 22);
  t.deepEqual(level.stability, { stable: true });
  t.is(level.windows.length, 1);
  t.is(level.summary.requests, 22);
  t.is(level.summary.durationMs, 60);
  t.is(level.summary.throughput, 22 / 0.06);
  t.deepEqual(level.requests, { intended: 22, sent: 22, dropped: 0, ok: 22, failed: 0, inFlight: 0 });
});

test('measureLevel of an exact count in an open loop counts what it dropped', async (t) => {
  const { level, server } = await measure({
    load: { ...hundredPerSecond, maxInFlight: 2 },
    serviceMs: () => 40,
    measurement: exactly(50),
  });
  const { intended, sent, dropped, ok, inFlight } = level.requests;
  t.is(intended, 50);
  t.is(sent, server.sent.length);
  t.true(dropped > 20);
  t.is(ok + inFlight, sent);
  t.is(level.windows.length, 1);
});

test('measureLevel of an exact count without one valid answer ends, and says so', async (t) => {
  const failure = () => ({ code: 'http 500', message: 'broken' }) as const;
  const { level } = await measure({ concurrency: 1, serviceMs: () => 10, failure, measurement: exactly(5) });
  t.deepEqual(level.stability, { stable: false, reason: 'no-valid-requests' });
  t.is(level.summary.failedRequests, 5);
});

for (const load of [{ kind: 'concurrency', concurrency: 2 }, hundredPerSecond] as const) {
  test(`measureLevel warms up with requests that it does not record, ${load.kind}`, async (t) => {
    const serviceMs = (index: number) => (index < 6 ? 500 : 10);
    const measurement = { ...exactly(20), warmupRequestCount: 6 };
    const { level, server } = await measure({ load, servers: 10, serviceMs, measurement });
    t.is(server.sent.length, 26);
    t.is(server.opened(), 1);
    t.is(level.requests.sent, 20);
    t.is(level.summary.requests, 20);
    t.true((level.summary.latency?.maxMs ?? 500) < 10.1);
    t.is(level.summary.server?.requests, 20);
  });
}

test('measureLevel of a load that grows waits for the last of it before windows may agree', async (t) => {
  const { level, server } = await measure({
    load: { kind: 'periodic-concurrency', start: 1, end: 9, step: 4, requestPeriod: 150 },
    servers: 9,
    serviceMs: () => 10,
    measurement: { ...everySecond, stabilityPercent: 1000 },
  });
  t.is(server.largestInFlight(), 9);
  t.deepEqual(level.stability, { stable: true });
  t.is(level.windows.length, 6); // grown after 3 s: twice 1.5 s
  t.deepEqual(
    level.windows.map(({ throughput }) => Math.round(throughput / 100)),
    [1, 3, 5, 9, 9, 9],
  );
});

test('measureLevel ends a warm-up that is interrupted', async (t) => {
  const measurement = { ...exactly(20), warmupRequestCount: 100 };
  const { level, server } = await measure({
    concurrency: 1,
    serviceMs: () => 10,
    measurement,
    stop: [95, 'interrupted'],
  });
  t.deepEqual(level.stability, { stable: false, reason: 'interrupted' });
  t.is(level.requests.sent, 0);
  t.is(server.sent.length, 10);
});

test('measureLevel shows how far it is', async (t) => {
  const { views } = await measure({ concurrency: 1, serviceMs: () => 10 });
  t.like(views[0], { window: 2, maxTrials: 10, elapsedMs: 1500, windowElapsedMs: 500 });
  t.true(Math.abs((views[0]?.throughput ?? 0) - 100) <= 2);
});

test("measureLevel compares the server's times with the client's over the same requests", async (t) => {
  const measurement: MeasurementSettings = { ...everySecond, mode: 'count_windows', requestCount: 7, maxTrials: 5 };
  const serviceMs = (index: number) => 5 + (index % 11);
  const { level } = await measure({ concurrency: 5, servers: 2, serviceMs, measurement });
  for (const { server } of level.windows) {
    t.true(Math.abs((server?.clientMs ?? 0) - (server?.requestMs ?? 1)) < 1e-6, JSON.stringify(server)); // no network here
  }
});
