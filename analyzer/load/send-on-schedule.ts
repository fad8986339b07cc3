import type { Failure } from '../../src/core/failure.js';
import { type Nanoseconds, ns, plus } from '../../src/core/units.js';
import type { LoadLoop, LoadLoopOptions } from './load-loop.js';
import type { Pacer } from './pacer.js';
import { createRequestSlots } from './request-slots.js';
import { createRing } from './ring.js';
import type { RunningSequences } from './run-sequences.js';
import type { Schedule } from './schedule.js';
import { createSequenceEnds } from './sequence-ends.js';

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

/**
 * Sends each request when the schedule says so, or as soon after as it can, and never before; answers change nothing, unless
 * requests belong to sequences of which each waits for its answers.
 */
export function sendOnSchedule(options: OpenLoopOptions): LoadLoop {
  const { schedule, startAt, maxInFlight, order, clock, pacer, events, limit = Number.POSITIVE_INFINITY } = options;
  const free = Uint32Array.from({ length: maxInFlight }, (_, index) => maxInFlight - 1 - index);
  let freeCount = maxInFlight;
  const inTurn = order();
  const sequences = options.sequences?.begin('open', maxInFlight);
  const slots = createRequestSlots({ ...options, size: maxInFlight, marks: sequences?.marks });
  const ends = sequences && createSequenceEnds(sequences, { ...options, size: maxInFlight });
  /** Slots of requests that wait for their sequences, and when those were due. */
  const waiting = createRing(maxInFlight);
  const waitingSince = new Float64Array(maxInFlight);
  let scheduled = 0;
  let isStopped = false;
  let dueAt = nextDue();

  const transport = options.open({
    concurrency: maxInFlight,
    marks: sequences?.marks,
    onResponse: slots.respond,
    onOutputs: slots.keepOutputs,
    onReply: (slot, failure, firstAt, lastAt) => {
      if (slots.settle(slot, failure, firstAt, lastAt)) {
        free[freeCount++] = slot;
        if (sequences !== undefined) goOn(sequences, slot, failure);
      } else {
        ends?.settle(slot, failure, firstAt, lastAt);
      }
    },
  });

  function nextDue(): Nanoseconds {
    const offset = scheduled++ < limit ? schedule() : undefined;
    return offset === undefined ? never : plus(startAt, offset);
  }

  function dispatch(): void {
    if (freeCount === 0) drop(dueAt);
    else if (sequences !== undefined) sendIn(sequences, free[--freeCount] ?? 0, dueAt);
    else slots.send(transport, inTurn(0), free[--freeCount] ?? 0, dueAt);
    dueAt = nextDue();
  }

  /** It has had its turn; but a sequence leaves out no step. */
  function drop(intendedAt: Nanoseconds): void {
    events.onDropped(intendedAt, sequences === undefined ? inTurn(0) : sequences.drop());
  }

  /** At once, unless it has to wait, or others do. */
  function sendIn({ next }: RunningSequences, slot: number, intendedAt: Nanoseconds): void {
    const request = waiting.length > 0 ? undefined : next(slot);
    if (request === undefined) {
      waiting.push(slot);
      waitingSince[slot] = intendedAt;
    } else {
      slots.send(transport, request, slot, intendedAt);
    }
  }

  /** After an answer: what waited longest goes first. */
  function goOn({ settle, next }: RunningSequences, answered: number, failure: Failure | undefined): void {
    settle(answered, failure);
    for (let slot = waiting.peek(); slot !== undefined && !isStopped; slot = waiting.peek()) {
      const request = next(slot);
      if (request === undefined) return;
      waiting.shift();
      slots.send(transport, request, slot, ns(waitingSince[slot] ?? 0));
    }
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
    for (const now = clock.now(); dueAt <= now; dueAt = nextDue()) drop(dueAt);
    while (waiting.length > 0) drop(ns(waitingSince[waiting.shift() ?? 0] ?? 0));
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
    get sequences() {
      return sequences?.counts;
    },
    halt: async () => halt(),
    stop: async (drainLimitMs) => {
      halt();
      const givenUp = await slots.drain(drainLimitMs);
      await ends?.send(transport, givenUp, drainLimitMs);
      await transport[Symbol.asyncDispose]();
    },
  };
}
