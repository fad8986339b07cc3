import { parentPort } from 'node:worker_threads';
import { inTurn } from '../../../analyzer/load/request-order.js';
import { runSendThread } from '../../../analyzer/threads/send-thread.js';
import type { OpenTransport } from '../../../analyzer/wire/transport.js';
import { startThreadMeter } from '../../../src/cli/process-meter.js';
import { systemClock } from '../../../src/core/clock.js';

/** The entry of a thread that answers itself, and ends by a bug at its hundredth request. */
const open: OpenTransport = ({ onReply }) => {
  let sent = 0;
  return {
    send: (_request, token) => {
      sent++;
      if (sent === 100) throw new TypeError('told to crash');
      setTimeout(() => onReply(token, undefined, systemClock.now(), systemClock.now()), 1);
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
};

if (parentPort !== null) {
  await runSendThread(parentPort, async () => ({
    open,
    order: inTurn(1),
    clock: systemClock,
    openPacer: () => Promise.reject(new Error('no schedules here')),
    drainLimitMs: 1000,
    loads: { kind: 'concurrency', range: { start: 1, end: 1, step: 1 }, search: 'linear' },
    seed: 0,
    startMeter: startThreadMeter,
  }));
}
