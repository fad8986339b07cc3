import { type Nanoseconds, ns, plus } from '../../src/core/units.js';
import type { LoadLoop, LoadLoopOptions } from './load-loop.js';
import type { Pacer } from './pacer.js';
import { createRequestSlots } from './request-slots.js';
import type { Schedule } from './schedule.js';

export interface OpenLoopOptions extends LoadLoopOptions {
  readonly schedule: Schedule;
  /** What the times of the schedule count from. */
  readonly startAt: Nanoseconds;
  /** A request that is due while so many are outstanding is dropped. */
  readonly maxInFlight: number;
  readonly pacer: Pacer;
}

/** A late sender reads answers after so many requests, however many are overdue. */
const largestBurst = 32;
const never = ns(Number.POSITIVE_INFINITY);

/** Sends each request when the schedule says so, or as soon after as it can, and never before; answers change nothing. */
export function sendOnSchedule(options: OpenLoopOptions): LoadLoop {
  const { schedule, startAt, maxInFlight, order, clock, pacer, events, limit = Number.POSITIVE_INFINITY } = options;
  const slots = createRequestSlots({ ...options, size: maxInFlight });
  const free = Uint32Array.from({ length: maxInFlight }, (_, index) => maxInFlight - 1 - index);
  let freeCount = maxInFlight;
  const next = order();
  let scheduled = 0;
  let isStopped = false;
  let dueAt = nextDue();

  const transport = options.open({
    concurrency: maxInFlight,
    onReply: (slot, failure, firstAt, lastAt) => {
      if (slots.settle(slot, failure, firstAt, lastAt)) free[freeCount++] = slot;
    },
  });

  function nextDue(): Nanoseconds {
    const offset = scheduled++ < limit ? schedule() : undefined;
    return offset === undefined ? never : plus(startAt, offset);
  }

  function dispatch(): void {
    const request = next(0);
    if (freeCount === 0) events.onDropped(dueAt, request);
    else slots.send(transport, request, free[--freeCount] ?? 0, dueAt);
    dueAt = nextDue();
  }

  /** Whether everything that is due is dealt with. */
  function sendBurst(): boolean {
    for (let burst = 0; burst < largestBurst; burst++) {
      if (dueAt > clock.now()) return true;
      dispatch();
    }
    return dueAt > clock.now();
  }

  function sendDue(): void {
    if (isStopped) return;
    if (!sendBurst()) void clock.sleepUntil(clock.now()).then(sendDue);
    else if (dueAt < never) pacer.wakeAt(dueAt, sendDue);
  }

  function halt(): void {
    if (isStopped) return;
    isStopped = true;
    sendBurst();
    for (const now = clock.now(); dueAt <= now; dueAt = nextDue()) events.onDropped(dueAt, next(0));
  }

  sendDue();

  return {
    get inFlight() {
      return slots.inFlight;
    },
    isGrown: true,
    get toldUntil() {
      return clock.now();
    },
    halt: async () => halt(),
    stop: async (drainLimitMs) => {
      halt();
      await slots.drain(drainLimitMs);
      await transport[Symbol.asyncDispose]();
    },
  };
}
