import test from 'ava';
import { inTurn } from '../../../analyzer/load/request-order.js';
import { sendOnSchedule } from '../../../analyzer/load/send-on-schedule.js';
import { fromMs, type Nanoseconds, ns, toMs } from '../../../src/core/units.js';
import { simulatedPacer } from '../../helpers/simulated-pacer.js';
import { createSimulatedServer, type SimulatedServerOptions } from '../../helpers/simulated-server.js';
import { createSimulation } from '../../helpers/simulation.js';

interface Setup extends SimulatedServerOptions {
  readonly scheduleMs: readonly number[];
  readonly maxInFlight?: number;
  readonly requestCount?: number;
  readonly stopAtMs: number;
  readonly lateMs?: (at: Nanoseconds) => number;
}

async function run(setup: Setup) {
  const simulation = createSimulation();
  const server = createSimulatedServer(simulation, setup);
  const offsets = setup.scheduleMs.map(fromMs).values();
  const responseMs: number[] = [];
  const serviceMs: number[] = [];
  const droppedMs: number[] = [];
  const droppedRequests: number[] = [];
  const order: string[] = [];
  await simulation.run(
    (async () => {
      const loop = sendOnSchedule({
        schedule: () => offsets.next().value,
        startAt: ns(0),
        maxInFlight: setup.maxInFlight ?? 100,
        order: inTurn(setup.requestCount ?? 1),
        open: server.open,
        clock: simulation.clock,
        pacer: simulatedPacer(simulation, setup.lateMs),
        drainLimitMs: 1000,
        events: {
          onSent: () => order.push('sent'),
          onDropped: (at, request) => {
            droppedMs.push(toMs(at));
            droppedRequests.push(request);
          },
          onOutcome: ({ intendedAt, sentAt, lastAt }) => {
            order.push('answered');
            responseMs.push(toMs(lastAt) - toMs(intendedAt));
            serviceMs.push(toMs(lastAt) - toMs(sentAt));
          },
        },
      });
      await simulation.clock.sleepUntil(fromMs(setup.stopAtMs));
      await loop.stop();
    })(),
  );
  return {
    server,
    sentMs: server.sent.map(({ at }) => toMs(at)),
    responseMs,
    serviceMs,
    droppedMs,
    droppedRequests,
    order,
  };
}

test('sendOnSchedule sends at the times of the schedule, whatever the answers do', async (t) => {
  const { sentMs } = await run({ scheduleMs: [0, 10, 10, 25], serviceMs: () => 40, stopAtMs: 30 });
  t.deepEqual(sentMs, [0, 10, 10, 25]);
});

test('sendOnSchedule counts the response time of a late request from when it was due', async (t) => {
  const { responseMs, serviceMs } = await run({
    scheduleMs: [0, 10, 20],
    servers: 3,
    serviceMs: () => 5,
    lateMs: (at) => (toMs(at) === 10 ? 50 : 0), // the event loop stands still from 10 to 60 ms
    stopAtMs: 100,
  });
  t.deepEqual(responseMs, [5, 55, 45]);
  t.deepEqual(serviceMs, [5, 5, 5]);
});

test('sendOnSchedule drops what is due while too many are outstanding, and tells of it', async (t) => {
  const { sentMs, droppedMs, server } = await run({
    scheduleMs: [0, 10, 20, 30, 40],
    servers: 2,
    maxInFlight: 2,
    serviceMs: () => 25,
    stopAtMs: 100,
  });
  t.deepEqual(sentMs, [0, 10, 30, 40]);
  t.deepEqual(droppedMs, [20]);
  t.is(server.largestInFlight(), 2);
});

test('sendOnSchedule reads answers between bursts when it is late', async (t) => {
  const scheduleMs = Array.from({ length: 200 }, () => 10);
  const { order } = await run({ scheduleMs, servers: 200, maxInFlight: 200, serviceMs: () => 0, stopAtMs: 20 });
  const firstAnswer = order.indexOf('answered');
  t.true(firstAnswer > 0 && firstAnswer < 64, `the first answer was read after ${firstAnswer} requests`);
  t.is(order.length, 400);
});

test('sendOnSchedule sends the prepared requests in turn', async (t) => {
  const { server } = await run({
    scheduleMs: [0, 1, 2, 3],
    requestCount: 3,
    servers: 4,
    serviceMs: () => 1,
    stopAtMs: 10,
  });
  t.deepEqual(
    server.sent.map(({ request }) => request),
    [0, 1, 2, 0],
  );
});

test('sendOnSchedule skips the request that was to be sent when it drops one', async (t) => {
  const { server, droppedRequests } = await run({
    scheduleMs: [0, 10, 20, 30, 40],
    requestCount: 5,
    servers: 2,
    maxInFlight: 2,
    serviceMs: () => 25,
    stopAtMs: 100,
  });
  t.deepEqual(
    server.sent.map(({ request }) => request),
    [0, 1, 3, 4],
  );
  t.deepEqual(droppedRequests, [2]);
});

test('sendOnSchedule stop waits for what is in flight, and sends nothing that is not yet due', async (t) => {
  const { responseMs, sentMs, droppedMs } = await run({
    scheduleMs: [0, 10, 200],
    servers: 3,
    serviceMs: () => 40,
    lateMs: (at) => (toMs(at) === 10 ? 1000 : 0),
    stopAtMs: 30,
  });
  t.deepEqual(sentMs, [0, 30]);
  t.deepEqual(responseMs, [40, 60]);
  t.deepEqual(droppedMs, []);
});

test('sendOnSchedule stop drops what a late sender has left', async (t) => {
  const { sentMs, droppedMs } = await run({
    scheduleMs: Array.from({ length: 500 }, (_, index) => index / 10),
    servers: 500,
    maxInFlight: 500,
    serviceMs: () => 1,
    lateMs: () => 1000,
    stopAtMs: 30,
  });
  t.true(droppedMs.length > 200);
  t.is(sentMs.length + droppedMs.length, 301);
});
