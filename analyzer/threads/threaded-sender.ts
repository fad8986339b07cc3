import type { Worker } from 'node:worker_threads';
import type { SequenceCounts } from '../../src/core/run.js';
import { type Nanoseconds, ns } from '../../src/core/units.js';
import type { LoadLoop } from '../load/load-loop.js';
import type { LoadEvents } from '../load/outcome.js';
import type { LoadOrder, OpenSender, ReadyLoad, Sender } from '../load/sender.js';
import { largestSplit } from '../load/share.js';
import { readingOfThreads, type StartClientMeter } from '../measure/client-meter.js';
import { createEventMerge } from './event-merge.js';
import { linkThread, type ThreadLink } from './thread-link.js';

/** Threads that send, ready for one level after the other. */
export interface SendThreads extends AsyncDisposable {
  readonly openSender: OpenSender;
  /** A meter of the process whose figures of a thread are those of the busiest one. */
  meterOf(startProcessMeter: StartClientMeter): StartClientMeter;
}

/**
 * Takes over threads that run `runSendThread`, and spreads the loads of a run over them. A thread that ends by a bug ends the
 * load with its error. Disposal ends the threads.
 *
 * @throws PerfError when a thread refuses
 */
export async function openSendThreads(workers: readonly Worker[]): Promise<SendThreads> {
  const crash = new AbortController();
  const end = async (): Promise<void> => {
    await Promise.all(workers.map((worker) => worker.terminate()));
  };
  try {
    const links = await Promise.all(workers.map((worker) => linkThread(worker, (error) => crash.abort(error))));
    return {
      openSender: () => openThreadedSender(links, crash.signal),
      meterOf: (startProcessMeter) => () => startMeters(links, startProcessMeter),
      [Symbol.asyncDispose]: end,
    };
  } catch (thrown) {
    await end();
    throw thrown;
  }
}

/** What is let go of when a thread has crashed already needs no error of its own. */
const quietly = (work: Promise<unknown>): Promise<void> => work.then(ignore, ignore);
const ignore = (): void => undefined;

function openThreadedSender(links: readonly ThreadLink[], crashed: AbortSignal): Sender {
  for (const link of links) void quietly(link.call('open'));
  return {
    crashed,
    prepare: (order) => prepareThreads(links, order, crashed),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(links.map((link) => quietly(link.call('close'))));
    },
  };
}

/** A counter of 32 bits must not overflow, with what the threads ask for in vain. */
const largestCommonLimit = 2 ** 30;

async function prepareThreads(
  links: readonly ThreadLink[],
  { planned, events, limit }: LoadOrder,
  crashed: AbortSignal,
): Promise<ReadyLoad> {
  const { load } = planned;
  const active = links.slice(0, largestSplit(load));
  const isCommon = limit !== undefined && limit <= largestCommonLimit && !('schedule' in planned);
  const taken = isCommon ? new Int32Array(new SharedArrayBuffer(4)) : undefined;
  await Promise.all(
    active.map((link, index) => link.call('prepare', { load, share: { index, of: active.length }, limit, taken })),
  );
  return {
    start: (startAt) => startThreads(active, { startAt, events, crashed }),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(active.map((link) => quietly(link.call('release'))));
    },
  };
}

interface Start {
  readonly startAt: Nanoseconds;
  readonly events: LoadEvents;
  readonly crashed: AbortSignal;
}

function startThreads(links: readonly ThreadLink[], { startAt, events, crashed }: Start): LoadLoop {
  const merge = createEventMerge(links.length, events);
  let halted: Promise<void> | undefined;
  let sequences: SequenceCounts | undefined;
  let onTold: () => void = ignore;

  for (const [index, link] of links.entries()) {
    link.listen((report) => {
      merge.accept(index, report);
      onTold();
    });
    void quietly(link.call('start', startAt));
  }

  const toldTo = (time: Nanoseconds): Promise<void> =>
    new Promise((resolve, reject) => {
      crashed.addEventListener('abort', () => reject(crashed.reason), { once: true });
      onTold = () => {
        if (merge.toldUntil >= time) resolve();
      };
      onTold();
    });

  /** Threads that have halted go on reporting, so that all come to the time of the last one. */
  const halt = async (): Promise<void> => {
    const shares = await Promise.all(links.map((link) => link.call('halt')));
    sequences = shares.map((share) => share.sequences).reduce(sumOf);
    await toldTo(ns(Math.max(...shares.map(({ toldUntil }) => toldUntil))));
  };

  return {
    get inFlight() {
      return merge.inFlight;
    },
    isGrown: true,
    get sequences() {
      return sequences;
    },
    get toldUntil() {
      return merge.toldUntil;
    },
    halt: () => {
      halted ??= halt();
      return halted;
    },
    stop: async (drainLimitMs) => {
      halted ??= halt();
      await halted;
      await Promise.all(links.map((link) => link.call('stop', drainLimitMs)));
    },
  };
}

function sumOf(left: SequenceCounts | undefined, right: SequenceCounts | undefined): SequenceCounts | undefined {
  if (left === undefined || right === undefined) return undefined;
  return {
    begun: left.begun + right.begun,
    completed: left.completed + right.completed,
    failed: left.failed + right.failed,
  };
}

function startMeters(links: readonly ThreadLink[], startProcessMeter: StartClientMeter) {
  const whole = startProcessMeter();
  for (const link of links) void quietly(link.call('startMeter'));
  return {
    read: async () => {
      const [reading, ...threads] = await Promise.all([whole.read(), ...links.map((link) => link.call('readMeter'))]);
      return readingOfThreads(reading, threads);
    },
    [Symbol.dispose]: () => whole[Symbol.dispose](),
  };
}
