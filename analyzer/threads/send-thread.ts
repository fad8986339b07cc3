import type { MessagePort } from 'node:worker_threads';
import type { LoadSettings } from '../../src/core/load.js';
import { PerfError } from '../../src/core/perf-error.js';
import { ns } from '../../src/core/units.js';
import type { LoadLoop } from '../load/load-loop.js';
import { planLoad } from '../load/plan-load.js';
import type { PrepareLoadOptions } from '../load/prepare-load.js';
import type { ReadyLoad } from '../load/sender.js';
import { type SharedTransport, shareTransport } from '../load/share-transport.js';
import type { StartThreadMeter, ThreadMeter } from '../measure/client-meter.js';
import { createEventWriter, type EventReport } from './event-report.js';
import { prepareShare } from './prepare-share.js';
import { serveCalls } from './serve-calls.js';
import type { ThreadCalls, ThreadMessage, ThreadOrder } from './thread-calls.js';

export interface SendThreadOptions extends PrepareLoadOptions {
  /** The loads of the run. */
  readonly loads: LoadSettings;
  readonly seed: number;
  readonly startMeter: StartThreadMeter;
}

/** How often a thread tells what happened. */
const reportIntervalMs = 20;
const forGood = ns(Number.POSITIVE_INFINITY);

/**
 * Holds shares of loads on this thread, as the owner of the other end of `port` says, which is `openSendThreads`.
 *
 * @param open gets what the thread needs; a `PerfError` that it throws is the owner's
 */
export async function runSendThread(port: MessagePort, open: () => Promise<SendThreadOptions>): Promise<void> {
  const options = await openOrRefuse(port, open);
  if (options !== undefined) serveCalls(port, callsOf(port, options));
}

async function openOrRefuse(
  port: MessagePort,
  open: () => Promise<SendThreadOptions>,
): Promise<SendThreadOptions | undefined> {
  try {
    return await open();
  } catch (thrown) {
    if (!(thrown instanceof PerfError)) throw thrown;
    const { code, message, hint } = thrown;
    const refused: ThreadMessage = { kind: 'refused', refusal: { code, message, hint } };
    port.postMessage(refused);
    return undefined;
  }
}

function callsOf(port: MessagePort, options: SendThreadOptions): ThreadCalls {
  let transport: SharedTransport | undefined;
  let share: PreparedShare | undefined;
  let meter: ThreadMeter | undefined;
  return {
    open: () => {
      transport = shareTransport(options.open);
    },
    prepare: async (order) => {
      if (transport === undefined) throw new Error('a load without a transport');
      share = await prepareReported(port, order, { ...options, open: transport.open });
    },
    start: (startAt) => share?.start(startAt),
    halt: async () => share?.halt() ?? { toldUntil: options.clock.now(), sequences: undefined },
    stop: async (drainLimitMs) => share?.stop(drainLimitMs),
    release: async () => share?.release(),
    close: async () => transport?.[Symbol.asyncDispose](),
    startMeter: () => {
      meter = options.startMeter();
    },
    readMeter: () => {
      if (meter === undefined) throw new Error('a meter that was not started');
      const reading = meter.read();
      meter[Symbol.dispose]();
      return reading;
    },
  };
}

type PreparedShare = Pick<ThreadCalls, 'start' | 'halt' | 'stop' | 'release'>;

/** A share that reports what happens, regularly from its start to its end. */
async function prepareReported(
  port: MessagePort,
  { load, share, limit, taken }: ThreadOrder,
  options: SendThreadOptions,
): Promise<PreparedShare> {
  const { clock, loads, seed } = options;
  const writer = createEventWriter(clock, (report: EventReport) => {
    const message: ThreadMessage = { kind: 'report', report };
    const { dispatches, outcomes, responseTimes } = report;
    port.postMessage(message, [dispatches.buffer, outcomes.buffer, responseTimes.buffer]);
  });
  const planned = planLoad(load, loads, seed);
  const ready: ReadyLoad = await prepareShare({ planned, share, limit, taken, events: writer }, options);
  let loop: LoadLoop | undefined;
  let reporting: NodeJS.Timeout | undefined;
  return {
    start: (startAt) => {
      loop = ready.start(startAt);
      reporting = setInterval(() => writer.report(clock.now()), reportIntervalMs);
    },
    halt: async () => {
      await loop?.halt();
      const now = clock.now();
      writer.report(now);
      return { toldUntil: now, sequences: loop?.sequences };
    },
    stop: async (drainLimitMs) => {
      await loop?.stop(drainLimitMs);
      clearInterval(reporting);
      writer.report(forGood);
    },
    release: async () => ready[Symbol.asyncDispose](),
  };
}
