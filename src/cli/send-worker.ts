import { parentPort, workerData } from 'node:worker_threads';
import { clockOfThread } from '../../analyzer/load/monotonic.js';
import { attachPacer } from '../../analyzer/load/thread-pacer.js';
import { runSendThread } from '../../analyzer/threads/send-thread.js';
import { systemClock } from '../core/clock.js';
import { openPath } from './open-path.js';
import type { SendWorkerData } from './open-sending.js';
import { startThreadMeter } from './process-meter.js';

/** The entry of a thread that sends a share of the load. */
const { plan, clockOffset, pacer, drainLimitMs } = workerData as SendWorkerData;
const clock = clockOfThread(systemClock, clockOffset);

if (parentPort === null) throw new Error('this is the entry of a thread');
await runSendThread(parentPort, async () => ({
  ...(await openPath(plan, clock)),
  clock,
  openPacer: async () => {
    if (pacer === undefined) throw new Error('a schedule without a pacer');
    return attachPacer(clock, pacer);
  },
  drainLimitMs,
  loads: plan.settings.load,
  seed: plan.settings.seed,
  startMeter: startThreadMeter,
}));
