import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { localSender } from '../analyzer/load/local-sender.js';
import { offsetOf } from '../analyzer/load/monotonic.js';
import { inTurn } from '../analyzer/load/request-order.js';
import type { OpenSender } from '../analyzer/load/sender.js';
import { openThreadPacer } from '../analyzer/load/thread-pacer.js';
import { measureLevel } from '../analyzer/measure/measure-level.js';
import { openSendThreads } from '../analyzer/threads/threaded-sender.js';
import { http1Transport } from '../analyzer/wire/http1/http1-transport.js';
import { startProcessMeter } from '../src/cli/process-meter.js';
import { systemClock } from '../src/core/clock.js';
import { formatSpread, spreadOf } from './spread.js';
import type { BenchThread } from './threads-worker.js';
import { benchRequest } from './wire-request.js';
import { startFixedServers } from './wire-servers.js';

const rounds = 5;
const seconds = 2;
const concurrency = 32;

interface Rates {
  readonly one: number;
  readonly two: number;
  readonly failed: number;
}

/**
 * Requests a second from one thread and from two, over HTTP to nginx with a process on every core. Server and client share the
 * cores: on a machine with few of them a second thread has none of its own.
 */
export async function benchThreads(): Promise<void> {
  const cores = availableParallelism();
  await using servers = await startFixedServers({ cores: `0-${cores - 1}`, workers: cores });
  const origin = `http://127.0.0.1:${servers.httpPort}`;
  const measured: Rates[] = [];
  for (let round = 1; round <= rounds; round++) {
    measured.push(await measureRound(origin));
    console.error(`threads: round ${round} of ${rounds}`);
  }
  const line = (name: string, digits: number, pick: (rates: Rates) => number): void =>
    console.log(`| ${name} | ${formatSpread(spreadOf(measured.map(pick)), digits)} |`);
  console.log(`| threads, ${cores} cores, median (range) of ${rounds} rounds | measured |`);
  console.log('|---|---|');
  line('1 thread, requests/s', 0, ({ one }) => one);
  line('2 threads, requests/s', 0, ({ two }) => two);
  line('2 threads / 1 thread', 2, ({ one, two }) => two / one);
  console.log(`failed requests: ${measured.reduce((sum, { failed }) => sum + failed, 0)}`);
}

async function measureRound(origin: string): Promise<Rates> {
  const one = await measure(
    localSender({
      open: http1Transport({ origin, requests: [benchRequest(64)], clock: systemClock }),
      order: inTurn(1),
      clock: systemClock,
      openPacer: () => openThreadPacer(systemClock),
      drainLimitMs: 1000,
    }),
  );
  const thread: BenchThread = { origin, clockOffset: offsetOf(systemClock) };
  const workers = [0, 1].map(() => new Worker(new URL('./threads-worker.js', import.meta.url), { workerData: thread }));
  await using threads = await openSendThreads(workers);
  const two = await measure(threads.openSender);
  return { one: one.rate, two: two.rate, failed: one.failed + two.failed };
}

async function measure(openSender: OpenSender): Promise<{ readonly rate: number; readonly failed: number }> {
  const { summary, requests } = await measureLevel(
    {
      planned: { load: { kind: 'concurrency', concurrency } },
      batchSize: 1,
      measurement: {
        mode: 'time_windows',
        intervalMs: 1000 * seconds,
        requestCount: 1,
        warmupRequestCount: 20_000,
        stabilityPercent: 0,
        maxTrials: 1,
        maxErrorRatePercent: 0,
      },
    },
    {
      openSender,
      startMeter: startProcessMeter,
      clock: systemClock,
      readStatistics: async () => undefined,
      onStart: () => undefined,
    },
    new AbortController().signal,
  );
  return { rate: summary.throughput, failed: requests.failed };
}
