import { connect } from 'node:net';
import { keepConcurrency } from '../analyzer/load/keep-concurrency.js';
import { inTurn } from '../analyzer/load/request-order.js';
import { createWindowSeries } from '../analyzer/measure/window-series.js';
import { grpcTransport } from '../analyzer/wire/grpc-transport.js';
import { httpTransport } from '../analyzer/wire/http-transport.js';
import { http1Transport } from '../analyzer/wire/http1/http1-transport.js';
import { prepareRequest } from '../analyzer/wire/http1/prepare-request.js';
import { http2Transport } from '../analyzer/wire/http2/http2-transport.js';
import type { OpenTransport } from '../analyzer/wire/transport.js';
import { systemClock } from '../src/core/clock.js';
import { fromMs, minus, toUs } from '../src/core/units.js';
import { benchRequest } from './wire-request.js';

/**
 * One measurement in a process of its own, which `wire.ts` pins to a core:
 * `wire-client.js TRANSPORT LOOP PORT CONCURRENCY TENSOR_BYTES DURATION_MS` prints one line of JSON.
 */
const [transport = '', loop = '', portText = '', concurrencyText = '', sizeText = '', durationText = ''] =
  process.argv.slice(2);
const port = Number(portText);
const concurrency = Number(concurrencyText);
const durationMs = Number(durationText);
const requests = [benchRequest(Number(sizeText))];
const origin = `http://127.0.0.1:${port}`;
const address = `127.0.0.1:${port}`;
const warmUpMs = 700;

const transports: Readonly<Record<string, () => OpenTransport>> = {
  http1: () => http1Transport({ origin, requests, clock: systemClock }),
  http2: () => http2Transport({ address, requests, clock: systemClock }),
  undici: () => httpTransport({ origin, requests, clock: systemClock }),
  'grpc-js': () => grpcTransport({ address, requests, clock: systemClock }),
  net: () => plainNet,
};

/** Writes the bytes of the HTTP request and waits for bytes: what `net` itself costs. */
const plainNet: OpenTransport = ({ onReply }) => {
  const bytes = requests.map((request) => prepareRequest(request, address));
  const socket = connect(port, '127.0.0.1');
  socket.setNoDelay();
  let token = 0;
  socket.on('data', () => onReply(token, undefined, systemClock.now(), systemClock.now()));
  return {
    send: (request, next) => {
      token = next;
      socket.write(bytes[request] ?? '');
    },
    [Symbol.asyncDispose]: async () => {
      socket.destroy();
    },
  };
};

interface Counted {
  count: number;
  failed: number;
  meanUs: () => number;
  stop: () => Promise<void>;
}

/** The analyzer's own loop, with everything recorded. */
function recordedLoop(open: OpenTransport): Counted {
  const rule = { kind: 'time', interval: fromMs(1e6) } as const;
  const openSeries = () =>
    createWindowSeries({ rule, startedAt: systemClock.now(), isPaced: false, onClose: () => undefined });
  let series = openSeries();
  const counted: Counted = {
    count: 0,
    failed: 0,
    meanUs: () => toUs(series.current.latencies.mean()),
    stop: () => running.stop(),
  };
  const running = keepConcurrency({
    concurrency,
    order: inTurn(1),
    open,
    clock: systemClock,
    drainLimitMs: 1000,
    events: {
      onSent: (intendedAt, sentAt, request) => series.onSent(intendedAt, sentAt, request),
      onDropped: (intendedAt, request) => series.onDropped(intendedAt, request),
      onOutcome: (outcome) => {
        counted.count++;
        if (outcome.failure !== undefined) counted.failed++;
        series.onOutcome(outcome);
      },
    },
  });
  setTimeout(() => {
    series = openSeries();
  }, warmUpMs);
  return counted;
}

/** A loop that does nothing but send again. */
function bareLoop(open: OpenTransport): Counted {
  let sum = 0;
  const sentAt = new Float64Array(concurrency);
  const counted: Counted = {
    count: 0,
    failed: 0,
    meanUs: () => sum / counted.count / 1000,
    stop: async () => line[Symbol.asyncDispose](),
  };
  const send = (token: number): void => {
    sentAt[token] = systemClock.now();
    line.send(0, token);
  };
  const line = open({
    concurrency,
    onReply: (token, failure, _firstAt, lastAt) => {
      counted.count++;
      if (failure !== undefined) counted.failed++;
      sum += lastAt - (sentAt[token] ?? 0);
      send(token);
    },
  });
  for (let token = 0; token < concurrency; token++) send(token);
  return counted;
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const open = transports[transport]?.();
if (open === undefined) throw new RangeError(`unknown transport ${transport}`);
const counted = loop === 'bare' ? bareLoop(open) : recordedLoop(open);
await sleep(warmUpMs);
const before = { count: counted.count, failed: counted.failed, cpu: process.cpuUsage(), at: systemClock.now() };
await sleep(durationMs);
const count = counted.count - before.count;
const cpu = process.cpuUsage(before.cpu);
const seconds = toUs(minus(systemClock.now(), before.at)) / 1e6;
process.stdout.write(
  `${JSON.stringify({
    requestsPerSecond: count / seconds,
    cpuUs: (cpu.user + cpu.system) / count,
    meanUs: counted.meanUs(),
    failed: counted.failed - before.failed,
  })}\n`,
);
process.exit(0);
