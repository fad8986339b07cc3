import test from 'ava';
import { keepConcurrency } from '../../../analyzer/load/keep-concurrency.js';
import type { LoadLoop } from '../../../analyzer/load/load-loop.js';
import { inTurn } from '../../../analyzer/load/request-order.js';
import type { Failure } from '../../../src/core/failure.js';
import { fromMs, toMs } from '../../../src/core/units.js';
import { createSimulatedServer, type SimulatedServerOptions } from '../../helpers/simulated-server.js';
import { createSimulation } from '../../helpers/simulation.js';

interface Seen {
  readonly latencyMs: number;
  readonly failure: Failure | undefined;
}

function setUp(
  options: SimulatedServerOptions & { concurrency: number; requestCount?: number; drainLimitMs?: number },
) {
  const simulation = createSimulation();
  const server = createSimulatedServer(simulation, options);
  const seen: Seen[] = [];
  const start = (): LoadLoop =>
    keepConcurrency({
      concurrency: options.concurrency,
      order: inTurn(options.requestCount ?? 1),
      open: server.open,
      clock: simulation.clock,
      drainLimitMs: options.drainLimitMs ?? 1000,
      events: {
        onSent: () => undefined,
        onDropped: () => undefined,
        onOutcome: ({ sentAt, lastAt, failure }) => seen.push({ latencyMs: toMs(lastAt) - toMs(sentAt), failure }),
      },
    });
  const runFor = (ms: number) =>
    simulation.run(
      (async () => {
        const loop = start();
        await simulation.clock.sleepUntil(fromMs(ms));
        await loop.stop();
      })(),
    );
  return { server, seen, runFor };
}

test('keepConcurrency keeps exactly that many requests outstanding', async (t) => {
  const { server, seen, runFor } = setUp({ concurrency: 4, serviceMs: () => 10, servers: 4 });
  await runFor(95);
  t.is(server.largestInFlight(), 4);
  t.is(seen.length, 40);
  t.true(seen.every(({ latencyMs }) => latencyMs === 10));
});

test('keepConcurrency at a serial server makes the second request wait', async (t) => {
  const { seen, runFor } = setUp({ concurrency: 2, serviceMs: () => 50 });
  await runFor(1000);
  t.deepEqual(
    seen.slice(0, 4).map(({ latencyMs }) => latencyMs),
    [50, 100, 100, 100],
  );
});

test('keepConcurrency sends the prepared requests in turn', async (t) => {
  const { server, runFor } = setUp({ concurrency: 1, requestCount: 3, serviceMs: () => 10 });
  await runFor(65);
  t.deepEqual(
    server.sent.map(({ request }) => request),
    [0, 1, 2, 0, 1, 2, 0],
  );
});

test('keepConcurrency waits longer after each failure to connect in a row, and not after a success', async (t) => {
  const failure: Failure = { code: 'connect', message: 'refused' };
  const { server, runFor } = setUp({
    concurrency: 1,
    serviceMs: (index) => (index < 3 ? 0 : 5),
    failure: (index) => (index < 3 ? failure : undefined),
  });
  await runFor(78);
  t.deepEqual(
    server.sent.slice(0, 5).map(({ at }) => toMs(at)),
    [0, 10, 30, 70, 75],
  );
});

test('keepConcurrency stop waits for what is in flight and sends nothing more', async (t) => {
  const { server, seen, runFor } = setUp({ concurrency: 2, servers: 2, serviceMs: () => 40 });
  await runFor(50);
  t.is(server.sent.length, 4);
  t.is(seen.length, 4);
});

test('keepConcurrency stop gives up what is not answered in time, once', async (t) => {
  const { seen, runFor } = setUp({ concurrency: 2, servers: 2, serviceMs: () => 5000, drainLimitMs: 100 });
  await runFor(50);
  t.deepEqual(
    seen.map(({ failure }) => failure?.code),
    ['abandoned', 'abandoned'],
  );
});

test('keepConcurrency keeps the load when the server refuses', async (t) => {
  const failure: Failure = { code: 'http 503', message: 'busy' };
  const { seen, runFor } = setUp({
    concurrency: 4,
    servers: 4,
    serviceMs: () => 10,
    failure: (index) => (index % 2 === 0 ? failure : undefined),
  });
  await runFor(95);
  t.is(seen.length, 40);
});
