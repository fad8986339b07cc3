import type { Clock } from '../../src/core/clock.js';
import type { Failure } from '../../src/core/failure.js';
import { fromMs, plus } from '../../src/core/units.js';
import { timedOut } from '../wire/failures.js';
import type { SequenceMarks } from '../wire/sequence-marks.js';
import { startTimeoutSweep } from '../wire/timeout-sweep.js';
import type { OpenOptions, OpenTransport, Transport } from '../wire/transport.js';

export interface SlotOptions {
  readonly slots: number;
  /** How long a request may take; absent: as long as it does. */
  readonly requestTimeoutMs: number | undefined;
  readonly clock: Clock;
}

/** Requests that each have a slot, which no other gets as long as anybody may write there. */
export interface SlotTransport {
  readonly open: OpenTransport;
  /** The slot of a request in flight, by its token. */
  slotOf(token: number): number | undefined;
  /** The number of the request that has, or had, a slot. */
  requestIn(slot: number): number;
}

/** How long the end of a level waits for late answers, so that the next level has their slots. */
const lateLimitMs = 5000;
const none = -1;

/**
 * A transport over one whose requests are prepared once for each of `slots`: number `request * slots + slot`. Transports that it
 * opens come one after the other.
 *
 * A request that takes too long has failed, but stays on the transport below, which must have no time limit of its own: its slot
 * is free when its answer has come after all, or its connection has ended. The slot of a request that we cut off ourselves is
 * never used again, since nobody knows when the server is done with it. A request for which no slot is free fails as one that
 * reached nobody.
 */
export function slotTransport(below: OpenTransport, options: SlotOptions): SlotTransport {
  const slots = createSlots(options.slots);
  return {
    open: (opened) => openSlotTransport(below, slots, { ...options, ...opened }),
    slotOf: (token) => slots.taken.get(token),
    requestIn: (slot) => slots.requests[slot] ?? 0,
  };
}

interface Slots {
  readonly free: number[];
  /** Of requests in flight: the slot by token, and the token by slot, which is `none` once the request is late. */
  readonly taken: Map<number, number>;
  readonly tokens: Int32Array;
  readonly requests: Float64Array;
  readonly sentAt: Float64Array;
}

const createSlots = (count: number): Slots => ({
  free: Array.from({ length: count }, (_, index) => count - 1 - index),
  taken: new Map(),
  tokens: new Int32Array(count).fill(none),
  requests: new Float64Array(count),
  sentAt: new Float64Array(count),
});

function openSlotTransport(
  below: OpenTransport,
  { free, taken, tokens, requests, sentAt }: Slots,
  options: SlotOptions & OpenOptions,
): Transport {
  const { slots, requestTimeoutMs, clock, onReply, onResponse, onBody, keepsBody } = options;
  const marks = options.marks && keepMarks(options.marks, slots);
  let late = 0;
  let onNoneLate: () => void = () => undefined;

  const transport = below({
    concurrency: slots,
    marks: marks?.kept,
    onResponse: (slot, at) => {
      const token = tokens[slot] ?? none;
      if (token !== none) onResponse?.(token, at);
    },
    ...(onBody === undefined
      ? {}
      : {
          onBody: (slot, body, headerLength) => {
            const token = tokens[slot] ?? none;
            if (token !== none) onBody(token, body, headerLength);
          },
        }),
    keepsBody: (slot, sizeBytes) => {
      const token = tokens[slot] ?? none;
      return token !== none && (keepsBody?.(token, sizeBytes) ?? true);
    },
    onReply: (slot, failure, firstAt, lastAt) => {
      const token = tokens[slot] ?? none;
      if (failure?.code !== 'abandoned') free.push(slot);
      if (token !== none) {
        leave(token, slot);
        onReply(token, failure, firstAt, lastAt);
      } else if (--late === 0) {
        onNoneLate();
      }
    },
  });

  const leave = (token: number, slot: number): void => {
    taken.delete(token);
    tokens[slot] = none;
  };

  const giveUpLate = (limitMs: number): void => {
    const now = clock.now();
    const limit = fromMs(limitMs);
    for (const [token, slot] of [...taken]) {
      if (now - (sentAt[slot] ?? 0) <= limit) continue;
      leave(token, slot);
      late++;
      onReply(token, timedOut(limitMs), now, now);
    }
  };
  const sweep =
    requestTimeoutMs === undefined
      ? undefined
      : startTimeoutSweep(requestTimeoutMs, () => giveUpLate(requestTimeoutMs));

  const refuse = (token: number): void => {
    const failure = noSlot(slots - taken.size);
    setImmediate(() => onReply(token, failure, clock.now(), clock.now()));
  };

  return {
    send: (request, token) => {
      const slot = free.pop();
      if (slot === undefined) {
        refuse(token);
        return;
      }
      taken.set(token, slot);
      tokens[slot] = token;
      requests[slot] = request;
      sentAt[slot] = sweep === undefined ? 0 : clock.now();
      marks?.keep(token, slot);
      transport.send(request * slots + slot, slot);
    },
    [Symbol.asyncDispose]: async () => {
      sweep?.[Symbol.dispose]();
      if (late > 0) {
        const answered = new AbortController();
        onNoneLate = () => answered.abort();
        await clock.sleepUntil(plus(clock.now(), fromMs(lateLimitMs)), answered.signal);
      }
      await transport[Symbol.asyncDispose]();
    },
  };
}

const noSlot = (held: number): Failure => ({
  code: 'connect',
  message: `no shared-memory region is free: the server may still write into those of ${held} requests that were given up`,
});

/** Marks by slot, as they were when the request was sent: its token may have the next request before all of it has left. */
function keepMarks(marks: SequenceMarks, slots: number) {
  const ids = new Float64Array(slots);
  const starts = new Uint8Array(slots);
  const ends = new Uint8Array(slots);
  const kept: SequenceMarks = {
    idOf: (slot) => ids[slot] ?? 0,
    isStart: (slot) => starts[slot] === 1,
    isEnd: (slot) => ends[slot] === 1,
  };
  return {
    kept,
    keep: (token: number, slot: number): void => {
      ids[slot] = marks.idOf(token);
      starts[slot] = Number(marks.isStart(token));
      ends[slot] = Number(marks.isEnd(token));
    },
  };
}
