import { Worker } from 'node:worker_threads';
import { largestInFlight } from '../../analyzer/load/level-range.js';
import { localSender } from '../../analyzer/load/local-sender.js';
import { offsetOf } from '../../analyzer/load/monotonic.js';
import type { OpenSender } from '../../analyzer/load/sender.js';
import {
  openThreadPacer,
  type PacerLink,
  type PacerThread,
  startPacerThread,
} from '../../analyzer/load/thread-pacer.js';
import type { StartClientMeter } from '../../analyzer/measure/client-meter.js';
import { openSendThreads } from '../../analyzer/threads/threaded-sender.js';
import { systemClock } from '../core/clock.js';
import { isOpenLoop } from '../core/load-name.js';
import type { RunSettings } from '../core/run-settings.js';
import type { Nanoseconds } from '../core/units.js';
import { openPath, type PathPlan } from './open-path.js';
import { startProcessMeter } from './process-meter.js';
import type { RequestPath } from './request-path.js';

/** What sends the loads of a run, and what watches it. */
export interface Sending extends AsyncDisposable {
  readonly openSender: OpenSender;
  readonly startMeter: StartClientMeter;
}

/** How long a level waits for the answers that are still out when it ends. */
const drainLimitMs = 30_000;

/** What a thread that sends is started with. */
export interface SendWorkerData {
  readonly plan: PathPlan;
  /** Of our clock, by `offsetOf`. */
  readonly clockOffset: Nanoseconds;
  /** Given for open loops. */
  readonly pacer: PacerLink | undefined;
  readonly drainLimitMs: number;
}

/**
 * Gets ready to send on this thread, or on as many others as the settings say.
 *
 * @throws PerfError `usage` when the data cannot travel as asked for
 */
export async function openSending(path: Pick<RequestPath, 'plan'>, settings: RunSettings): Promise<Sending> {
  const count = threadCount(settings);
  if (count > 1) return openThreads(path, settings, count);
  return {
    openSender: localSender({
      ...(await openPath(path.plan({ index: 0, of: 1 }), systemClock)),
      clock: systemClock,
      openPacer: () => openThreadPacer(systemClock),
      drainLimitMs,
    }),
    startMeter: startProcessMeter,
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** Each thread has a request in flight, and of sequences that share a rate one at least. */
function threadCount({ maxThreads, load, sequences }: RunSettings): number {
  const lanes = isOpenLoop(load) ? sequences?.concurrent : undefined;
  return Math.min(maxThreads, largestInFlight(load) ?? maxThreads, lanes ?? maxThreads);
}

/** The threads that wake the senders belong to this one: Node 20 may abort when a thread ends that has had threads. */
async function openThreads(path: Pick<RequestPath, 'plan'>, settings: RunSettings, count: number): Promise<Sending> {
  const pacers: PacerThread[] = [];
  const closePacers = () => Promise.all(pacers.map((pacer) => pacer[Symbol.asyncDispose]()));
  try {
    for (let index = 0; isOpenLoop(settings.load) && index < count; index++) pacers.push(await startPacerThread());
    const shares = Array.from({ length: count }, (_, index) => ({ index, of: count }));
    const workers = shares.map((share) => startWorker(path.plan(share), pacers[share.index]?.link));
    const threads = await openSendThreads(workers);
    return {
      openSender: threads.openSender,
      startMeter: threads.meterOf(startProcessMeter),
      [Symbol.asyncDispose]: async () => {
        await threads[Symbol.asyncDispose]();
        await closePacers();
      },
    };
  } catch (thrown) {
    await closePacers();
    throw thrown;
  }
}

function startWorker(plan: PathPlan, pacer: PacerLink | undefined): Worker {
  const data: SendWorkerData = { plan, clockOffset: offsetOf(systemClock), pacer, drainLimitMs };
  return new Worker(new URL('./send-worker.js', import.meta.url), {
    workerData: data,
    transferList: pacer === undefined ? [] : [pacer.port],
  });
}
