import test from 'ava';
import { constantRate } from '../../analyzer/load/constant-rate.js';
import { planPlainLoad } from '../../analyzer/load/plan-load.js';
import { inTurn } from '../../analyzer/load/request-order.js';
import { measureLevel } from '../../analyzer/measure/measure-level.js';
import { http1Transport } from '../../analyzer/wire/http1/http1-transport.js';
import { http2Transport } from '../../analyzer/wire/http2/http2-transport.js';
import type { OpenTransport } from '../../analyzer/wire/transport.js';
import { processPorts } from '../../src/cli/process-ports.js';
import { systemClock } from '../../src/core/clock.js';
import type { Level } from '../../src/core/run.js';
import type { MeasurementSettings } from '../../src/core/run-settings.js';
import { requestFor } from '../analyzer/wire/peer.js';
import { startSilentServer } from './silent-server.js';

const requests = [requestFor('any')];
const concurrency = { kind: 'concurrency', concurrency: 2 } as const;

const measurement: MeasurementSettings = {
  mode: 'count_windows',
  intervalMs: 1000,
  requestCount: 5,
  warmupRequestCount: 0,
  silenceLimitMs: 300,
  stabilityPercent: 10,
  maxTrials: 3,
  maxErrorRatePercent: 1,
};

const wires: readonly (readonly [name: string, open: (port: number) => OpenTransport])[] = [
  ['HTTP', (port) => http1Transport({ origin: `http://127.0.0.1:${port}`, requests, clock: systemClock })],
  ['gRPC', (port) => http2Transport({ address: `127.0.0.1:${port}`, requests, clock: systemClock })],
];

const measure = (
  open: OpenTransport,
  change: Partial<MeasurementSettings>,
  load: Parameters<typeof planPlainLoad>[0],
): Promise<Level> =>
  measureLevel(
    {
      planned: planPlainLoad(load, 0),
      batchSize: 1,
      measurement: { ...measurement, ...change },
    },
    processPorts({ open, order: inTurn(requests.length), drainLimitMs: 3_600_000 }),
    new AbortController().signal,
  );

for (const [wire, open] of wires) {
  for (const [what, change, load] of [
    ['count windows', {}, concurrency],
    ['an exact count', { mode: 'request_count' }, concurrency],
    ['an exact count of an open loop', { mode: 'request_count' }, constantRate(100, 3)],
    ['a warm-up', { mode: 'time_windows', warmupRequestCount: 5 }, concurrency],
  ] as const) {
    test(`${wire}: a server that accepts and never answers ends ${what}`, async (t) => {
      await using server = await startSilentServer();
      const level = await measure(open(server.port), change, load);
      t.deepEqual(level.stability, { stable: false, reason: 'no-answer' });
      t.is(level.verdict.kind, 'invalid');
      t.is(level.summary.requests, 0);
      t.is(level.requests.sent, level.requests.inFlight);
    });
  }

  test(`${wire}: a server that is gone ends a count of requests that would take hours`, async (t) => {
    const server = await startSilentServer();
    await server[Symbol.asyncDispose]();
    const level = await measure(open(server.port), { mode: 'request_count', requestCount: 100_000 }, concurrency);
    t.deepEqual(level.stability, { stable: false, reason: 'no-answer' });
    t.deepEqual(
      level.failures.map(({ code }) => code),
      ['connect'],
    );
    t.is(level.requests.sent, level.requests.failed + level.requests.inFlight);
  });
}
