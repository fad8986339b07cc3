import test from 'ava';
import { constantRate } from '../../analyzer/load/constant-rate.js';
import { type PlannedLoad, planPlainLoad } from '../../analyzer/load/plan-load.js';
import { inTurn } from '../../analyzer/load/request-order.js';
import { measureLevel } from '../../analyzer/measure/measure-level.js';
import { http1Transport } from '../../analyzer/wire/http1/http1-transport.js';
import { http2Transport } from '../../analyzer/wire/http2/http2-transport.js';
import type { OpenTransport } from '../../analyzer/wire/transport.js';
import { processPorts } from '../../src/cli/process-ports.js';
import { systemClock } from '../../src/core/clock.js';
import type { Level } from '../../src/core/run.js';
import { requestFor } from '../analyzer/wire/peer.js';
import { type CountingServer, startCountingGrpc, startCountingHttp } from '../helpers/counting-servers.js';
import type { FaultServer } from './fault-server.js';
import { startGrpcFaults } from './grpc-fault-server.js';
import { startHttpFaults } from './http-fault-server.js';
import { startTroubledProxy } from './troubled-proxy.js';

const count = 6000;
const requests = [requestFor('any')];
const requestTimeoutMs = 250;

const closed: PlannedLoad = { load: { kind: 'concurrency', concurrency: 24 } };
const open = planPlainLoad({ ...constantRate(4000, 64), arrivals: { kind: 'poisson' } }, 1);

interface Wire {
  readonly name: string;
  /** A server without faults. */
  startGood(): Promise<CountingServer>;
  start(): Promise<FaultServer>;
  open(port: number): OpenTransport;
  /** Classes of failures that must come. */
  readonly failures: readonly string[];
}

const wires: readonly Wire[] = [
  {
    name: 'HTTP',
    start: startHttpFaults,
    startGood: startCountingHttp,
    open: (port) =>
      http1Transport({ origin: `http://127.0.0.1:${port}`, requests, clock: systemClock, requestTimeoutMs }),
    failures: ['http 503', 'protocol', 'connect', 'timeout'],
  },
  {
    name: 'gRPC',
    start: startGrpcFaults,
    startGood: startCountingGrpc,
    open: (port) => http2Transport({ address: `127.0.0.1:${port}`, requests, clock: systemClock, requestTimeoutMs }),
    failures: ['grpc 14', 'grpc 13', 'connect', 'timeout'],
  },
];

/** Exactly `count` requests, in one window. */
const measure = (planned: PlannedLoad, transport: OpenTransport): Promise<Level> =>
  measureLevel(
    {
      planned,
      batchSize: 1,
      measurement: {
        mode: 'request_count',
        intervalMs: 1000,
        requestCount: count,
        warmupRequestCount: 0,
        stabilityPercent: 10,
        maxTrials: 1,
        maxErrorRatePercent: 100,
      },
    },
    processPorts({ open: transport, order: inTurn(requests.length), drainLimitMs: 10_000 }),
    new AbortController().signal,
  );

for (const wire of wires) {
  for (const planned of [closed, open]) {
    test.serial(
      `${wire.name}, ${planned.load.kind}: every request to a server full of faults is accounted for`,
      async (t) => {
        await using server = await wire.start();
        const level = await measure(planned, wire.open(server.port));
        const { intended, sent, dropped, ok, failed, inFlight } = level.requests;
        t.is(intended, count);
        t.is(intended, sent + dropped);
        t.is(sent, ok + failed + inFlight);
        t.is(inFlight, 0);
        t.is(level.summary.requests, ok);
        t.is(level.summary.failedRequests, failed);
        const byClass = new Map(level.failures.map((failure) => [failure.code as string, failure.count]));
        t.is(
          [...byClass.values()].reduce((sum, each) => sum + each, 0),
          failed,
        );
        for (const code of wire.failures) t.true((byClass.get(code) ?? 0) > 0, `${code}: ${[...byClass.keys()]}`);
        t.true(ok > 0.5 * sent, `${ok} of ${sent}`);
        t.true(failed > 0.02 * sent);
      },
    );

    test.serial(
      `${wire.name}, ${planned.load.kind}: headers that come byte by byte and sockets that freeze hold nobody up for good`,
      async (t) => {
        await using server = await wire.startGood();
        await using proxy = await startTroubledProxy(Number(server.url.split(':').at(-1)));
        const level = await measure(planned, wire.open(proxy.port));
        const { intended, sent, dropped, ok, failed, inFlight } = level.requests;
        t.deepEqual([intended, sent + dropped, ok + failed, inFlight], [count, count, sent, 0]);
        t.deepEqual([level.summary.requests, level.summary.failedRequests], [ok, failed]);
        t.true(proxy.arrived() > 0);
        t.deepEqual(
          level.failures.map((failure) => failure.code),
          ['timeout'],
        );
        t.true(ok > 0.1 * sent, `${ok} of ${sent}`); // A busy machine times out more than the sockets that freeze.
      },
    );
  }
}
