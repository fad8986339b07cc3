import { parentPort, workerData } from 'node:worker_threads';
import { clockOfThread } from '../analyzer/load/monotonic.js';
import { inTurn } from '../analyzer/load/request-order.js';
import { runSendThread } from '../analyzer/threads/send-thread.js';
import { http1Transport } from '../analyzer/wire/http1/http1-transport.js';
import { startThreadMeter } from '../src/cli/process-meter.js';
import { systemClock } from '../src/core/clock.js';
import type { Nanoseconds } from '../src/core/units.js';
import { benchRequest } from './wire-request.js';

/** What a thread of `threads.ts` is started with. */
export interface BenchThread {
  readonly origin: string;
  readonly clockOffset: Nanoseconds;
}

const { origin, clockOffset } = workerData as BenchThread;
const clock = clockOfThread(systemClock, clockOffset);

if (parentPort !== null) {
  await runSendThread(parentPort, async () => ({
    open: http1Transport({ origin, requests: [benchRequest(64)], clock }),
    order: inTurn(1),
    clock,
    openPacer: () => Promise.reject(new Error('no schedules here')),
    drainLimitMs: 1000,
    loads: { kind: 'concurrency', range: { start: 1, end: 1, step: 1 }, search: 'linear' },
    seed: 0,
    startMeter: startThreadMeter,
  }));
}
