import test from 'ava';
import { planLoad } from '../../analyzer/load/plan-load.js';
import { rateSchedule } from '../../analyzer/load/schedule.js';
import { whole } from '../../analyzer/load/share.js';
import { type LevelPorts, measureLevel } from '../../analyzer/measure/measure-level.js';
import type { PathPlan } from '../../src/cli/open-path.js';
import { openSending, type Sending } from '../../src/cli/open-sending.js';
import { systemClock } from '../../src/core/clock.js';
import type { Load, RequestRateLoad } from '../../src/core/load.js';
import type { Level } from '../../src/core/run.js';
import type { MeasurementSettings, RunSettings } from '../../src/core/run-settings.js';
import { fromMs, minus, type Nanoseconds, ns, plus, toMs } from '../../src/core/units.js';
import { requestFor } from '../analyzer/wire/peer.js';
import { startGrpcFaults } from '../faults/grpc-fault-server.js';
import { startHttpFaults } from '../faults/http-fault-server.js';
import { type CountingServer, startCountingGrpc, startCountingHttp } from '../helpers/counting-servers.js';
import { runFixture } from '../helpers/run-fixture.js';
import { faultsOf, sequencesIn, steppedRequests, streams } from '../helpers/seen-sequences.js';
import { startSequenceWitness } from '../helpers/sequence-witness.js';

const seed = 7;
const distinct = 5;

const closed: Load = { kind: 'concurrency', concurrency: 8 };
const open: RequestRateLoad = {
  kind: 'request-rate',
  requestsPerSecond: 1500,
  arrivals: { kind: 'poisson' },
  shape: { kind: 'constant' },
  maxInFlight: 30_000,
};
const settingsOf = (load: Load): RunSettings['load'] =>
  load.kind === 'request-rate'
    ? { ...load, range: { start: 1, end: 1, step: 1 }, search: 'linear' }
    : { kind: 'concurrency', range: { start: 1, end: 8, step: 1 }, search: 'linear' };

function settingsFor(load: Load, change: Partial<RunSettings> = {}): RunSettings {
  return { ...runFixture([]).settings, load: settingsOf(load), seed, ...change };
}

/** Requests that differ in their last byte. */
function sendingTo(url: string, settings: RunSettings, change: Partial<PathPlan> = {}): Promise<Sending> {
  const prepared = Array.from({ length: distinct }, (_, index) => ({
    request: requestFor('m', Uint8Array.of(0, index)),
    expected: [],
    stream: 0,
  }));
  const plan: PathPlan = {
    settings,
    share: whole,
    urls: [url],
    connection: {},
    prepared,
    isDecoupled: false,
    targets: undefined,
    shared: undefined,
    outputLimitBytes: undefined,
    ...change,
  };
  return openSending({ plan: (share) => ({ ...plan, share }) }, settings);
}

const once: MeasurementSettings = {
  mode: 'request_count',
  intervalMs: 1000,
  requestCount: 1000,
  warmupRequestCount: 0,
  stabilityPercent: 0,
  maxTrials: 1,
  maxErrorRatePercent: 100,
};

interface Watched {
  readonly level: Level;
  /** When each valid answer came, since the start. */
  readonly answeredMs: readonly number[];
}

async function measure(
  sending: Sending,
  load: Load,
  measurement: MeasurementSettings,
  signal = new AbortController().signal,
): Promise<Watched> {
  const answeredMs: number[] = [];
  const ports: LevelPorts = {
    openSender: sending.openSender,
    startMeter: sending.startMeter,
    clock: systemClock,
    readStatistics: async () => undefined,
    recordAnswers:
      (_load, startedAt) =>
      ({ lastAt }) =>
        answeredMs.push(toMs(minus(lastAt, startedAt))),
    onStart: () => undefined,
  };
  const planned = planLoad(load, settingsOf(load), seed);
  const level = await measureLevel({ planned, batchSize: 1, measurement }, ports, signal);
  return { level, answeredMs };
}

const servers = { http: startCountingHttp, grpc: startCountingGrpc } as const;

for (const protocol of ['http', 'grpc'] as const) {
  for (const load of [closed, open]) {
    test.serial(
      `openSending 3 threads over ${protocol}, ${load.kind}: exactly so many requests, as the server counts them`,
      async (t) => {
        await using server: CountingServer = await servers[protocol]();
        await using sending = await sendingTo(server.url, settingsFor(load, { maxThreads: 3, protocol }));
        const { level } = await measure(sending, load, once);
        t.deepEqual(level.failures, []);
        t.deepEqual(level.requests, { intended: 1000, sent: 1000, dropped: 0, ok: 1000, failed: 0, inFlight: 0 });
        t.is(level.summary.requests, 1000);
        t.is(server.arrived(), 1000);
        t.deepEqual(server.arrivedByData(), { 0: 200, 1: 200, 2: 200, 3: 200, 4: 200 });
        t.is(level.clientHealth.threads?.length, 3);
        const busiest = Math.max(...(level.clientHealth.threads ?? []).map(({ busyShare }) => busyShare));
        t.is(level.clientHealth.busyShare, busiest);

        const second = await measure(sending, load, { ...once, requestCount: 500, warmupRequestCount: 50 });
        t.is(second.level.requests.sent, 500);
        t.is(server.arrived(), 1550);
      },
    );
  }
}

for (const [protocol, load] of [
  ['http', closed],
  ['grpc', open],
] as const) {
  test.serial(
    `openSending 3 threads over ${protocol}, ${load.kind}: each answer is in the window that its time says`,
    async (t) => {
      await using server: CountingServer = await servers[protocol]();
      await using sending = await sendingTo(server.url, settingsFor(load, { maxThreads: 3, protocol }));
      const windows: MeasurementSettings = { ...once, mode: 'time_windows', intervalMs: 150, maxTrials: 4 };
      const { level, answeredMs } = await measure(sending, load, windows);
      const { intended, sent, dropped, ok, failed, inFlight } = level.requests;
      t.is(server.arrived(), sent);
      t.deepEqual([intended, failed, ok + inFlight], [sent + dropped, 0, sent]);
      t.is(level.windows.length, 4);
      t.deepEqual(
        level.windows.map(({ requests }) => requests),
        level.windows.map(
          ({ startMs, durationMs }) =>
            answeredMs.filter((at) => fromMs(at) >= fromMs(startMs) && fromMs(at) < fromMs(startMs + durationMs))
              .length,
        ),
      );
      // The answer with which the last window ends is the first behind it.
      t.true(answeredMs.filter((at) => fromMs(at) >= fromMs(4 * 150)).length <= 1);
    },
  );
}

test.serial(
  'openSending the threads of an open loop send what one thread would, each request at its time',
  async (t) => {
    await using server = await startCountingHttp();
    await using sending = await sendingTo(server.url, settingsFor(open, { maxThreads: 3 }));
    await using sender = sending.openSender();
    const count = 800;
    const seen: { at: Nanoseconds; intendedAt: Nanoseconds; request: number }[] = [];
    const answered: Nanoseconds[] = [];
    const done = new AbortController();
    await using ready = await sender.prepare({
      planned: planLoad(open, settingsOf(open), seed),
      limit: count,
      events: {
        onSent: (intendedAt, at, request) => seen.push({ at, intendedAt, request }),
        onDropped: () => t.fail('nothing is dropped'),
        onOutcome: ({ lastAt }) => {
          if (answered.push(lastAt) === count) done.abort();
        },
      },
    });
    const startAt = systemClock.now();
    const loop = ready.start(startAt);
    await systemClock.sleepUntil(ns(Number.POSITIVE_INFINITY), done.signal);
    await loop.stop();
    t.is(loop.inFlight, 0);

    const schedule = rateSchedule(open, seed);
    const expected = Array.from({ length: count }, (_, index) => ({
      intendedAt: plus(startAt, schedule() ?? ns(0)),
      request: index % distinct,
    }));
    const byIntention = seen.toSorted((left, right) => left.intendedAt - right.intendedAt);
    t.deepEqual(
      byIntention.map(({ intendedAt, request }) => ({ intendedAt, request })),
      expected,
    );
    t.true(seen.every(({ at, intendedAt }) => at >= intendedAt));
    t.true(
      seen.every(({ at }, index) => at >= (seen[index - 1]?.at ?? startAt)),
      'told in the order of the times',
    );
    t.true(answered.every((at, index) => at >= (answered[index - 1] ?? startAt)));
  },
);

for (const load of [closed, open]) {
  test.serial(`openSending 3 threads share the load of two models on two servers, ${load.kind}`, async (t) => {
    await using left = await startCountingHttp();
    await using right = await startCountingHttp();
    const urls = [left.url, right.url];
    // Of the five prepared requests three are for one model, and two for the other.
    const models = [
      { name: 'a', weight: 3, requestCount: 3 },
      { name: 'b', weight: 1, requestCount: 2 },
    ];
    const settings = settingsFor(load, { maxThreads: 3 });
    await using sending = await sendingTo(left.url, settings, { urls, targets: { models, urls } });
    const { level } = await measure(sending, load, { ...once, requestCount: 1200 });
    t.is(level.requests.ok, 1200);
    t.is(left.arrived() + right.arrived(), 1200);
    const byData = [left, right].map((server) => server.arrivedByData());
    const forA = byData.flatMap((counts) => [counts[0] ?? 0, counts[1] ?? 0, counts[2] ?? 0]);
    const ofA = forA.reduce((sum, count) => sum + count, 0);
    // In a closed loop each thread keeps the weights for each server by itself: at most one request off.
    t.true(Math.abs(ofA - 900) <= (load === closed ? 6 : 0), `${ofA}`);
    t.true(load === closed || left.arrived() === 600);
  });
}

test.serial(
  'openSending with fewer requests in flight than threads uses as many threads as there are requests',
  async (t) => {
    await using server = await startCountingHttp();
    await using sending = await sendingTo(server.url, settingsFor(closed, { maxThreads: 4 }));
    const { level } = await measure(sending, { kind: 'concurrency', concurrency: 2 }, { ...once, requestCount: 41 });
    t.is(level.requests.ok, 41);
    t.is(server.arrived(), 41);
  },
);

for (const load of [closed, open]) {
  test.serial(`openSending an interrupt halts every thread, ${load.kind}`, async (t) => {
    await using server = await startCountingHttp();
    await using sending = await sendingTo(server.url, settingsFor(load, { maxThreads: 2 }));
    const stopping = new AbortController();
    const looking = setInterval(() => server.arrived() > 100 && stopping.abort('interrupted'), 5);
    t.teardown(() => clearInterval(looking));
    const { level } = await measure(
      sending,
      load,
      { ...once, mode: 'time_windows', intervalMs: 60_000 },
      stopping.signal,
    );
    t.deepEqual(level.stability, { stable: false, reason: 'interrupted' });
    t.is(level.requests.sent, server.arrived());
    t.is(level.summary.requests, level.requests.ok);
    t.true(level.summary.durationMs > 0 && level.summary.durationMs < 60_000);
  });
}

test.serial('openSending counts the failures of all threads by class, with the first text of each', async (t) => {
  await using server = await startCountingHttp((request) => (request % 10 === 0 ? 503 : 200));
  await using sending = await sendingTo(server.url, settingsFor(closed, { maxThreads: 3 }));
  const { level } = await measure(sending, closed, once);
  t.deepEqual(
    level.failures.map(({ code, count }) => [code, count]),
    [['http 503', 100]],
  );
  t.true((level.failures[0]?.firstMessage ?? '').length > 0);
  t.is(level.summary.failedRequests, 100);
  t.is(level.summary.requests, 900);
});

test.serial('openSending a thread that cannot encode the data refuses as one thread does', async (t) => {
  const wire = { ...runFixture([]).settings.wire, inputFormat: 'json' } as const;
  const request = requestFor('m');
  const inputs = request.inputs.map((input) => ({ ...input, datatype: 'BF16' as const, shape: [2] }));
  const prepared = [{ request: { ...request, inputs }, expected: [], stream: 0 }];
  const refusals = [];
  for (const maxThreads of [1, 2]) {
    const sending = sendingTo('127.0.0.1:1', settingsFor(closed, { maxThreads, wire }), { prepared });
    const refusal = await t.throwsAsync(sending, { name: 'PerfError' });
    refusals.push(refusal?.message);
  }
  t.is(refusals[0], refusals[1]);
});

for (const [protocol, start] of [
  ['http', startHttpFaults],
  ['grpc', startGrpcFaults],
] as const) {
  test.serial(
    `openSending 3 threads over ${protocol}: every request to a server full of faults is accounted for`,
    async (t) => {
      await using server = await start();
      const settings = settingsFor(closed, { maxThreads: 3, protocol, requestTimeoutMs: 250 });
      await using sending = await sendingTo(`127.0.0.1:${server.port}`, settings);
      const { level } = await measure(sending, closed, { ...once, requestCount: 3000 });
      const { intended, sent, dropped, ok, failed, inFlight } = level.requests;
      t.deepEqual([intended, sent, dropped, inFlight], [3000, 3000, 0, 0]);
      t.is(ok + failed, 3000);
      t.is(level.summary.requests, ok);
      t.is(level.summary.failedRequests, failed);
      t.is(
        level.failures.reduce((sum, { count }) => sum + count, 0),
        failed,
      );
      t.true(level.failures.some(({ code }) => code === 'connect'));
      t.true(level.failures.some(({ code }) => code === 'timeout'));
    },
  );
}

for (const [protocol, load] of [
  ['http', open],
  ['grpc', closed],
] as const) {
  test.serial(
    `openSending 3 threads over ${protocol}, ${load.kind}: each sequence is of one thread, and whole`,
    async (t) => {
      await using witness = await startSequenceWitness(protocol, { delayMs: (index) => (index * 7) % 4 });
      const sequences = {
        concurrent: 7,
        length: 4,
        lengthVariationPercent: 50,
        firstId: 1,
        idCount: 10_000,
        isSerial: true,
      };
      const settings = settingsFor(load, { maxThreads: 3, protocol, sequences });
      const prepared = steppedRequests.map((request, index) => ({
        request,
        expected: [],
        stream: streams.findIndex(
          (_, stream) => index < streams.slice(0, stream + 1).reduce((sum, steps) => sum + steps),
        ),
      }));
      await using sending = await sendingTo(`127.0.0.1:${witness.port}`, settings, { prepared });
      const { level } = await measure(sending, load, { ...once, requestCount: 400 });
      t.deepEqual(level.failures, []);
      const { sent, ok, inFlight } = level.requests;
      t.deepEqual([sent, ok + inFlight], [400, 400]);
      const { all, most, streams: used } = sequencesIn(witness.events);
      t.deepEqual(
        all.flatMap((each) => faultsOf(each, true)),
        [],
      );
      t.is(most, load === closed ? 8 : 7);
      t.deepEqual([...used].toSorted(), [0, 1, 2]);
      t.is(new Set(all.map(({ id }) => id)).size, all.length);
      t.deepEqual([...new Set(all.map(({ id }) => id % 3))].toSorted(), [0, 1, 2]);
      t.is(level.sequences?.begun, all.length);
      t.is(level.clientHealth.threads?.length, 3);
    },
  );
}
