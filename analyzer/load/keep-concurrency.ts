import { setMaxListeners } from 'node:events';
import { fromMs, plus } from '../../src/core/units.js';
import { type Growth, noGrowth } from './growth.js';
import type { LoadLoop, LoadLoopOptions } from './load-loop.js';
import { createRequestSlots } from './request-slots.js';
import { createSequenceEnds } from './sequence-ends.js';

export interface ClosedLoopOptions extends LoadLoopOptions {
  /** How many requests are outstanding at the most. */
  readonly concurrency: number;
  /** How they become so many; at once unless given. */
  readonly growth?: Growth;
  /** Whether one more request is to be sent, which then is; up to the limit unless given. */
  readonly takeTurn?: (() => boolean) | undefined;
}

const firstBackOffMs = 10;
const longestBackOffMs = 1000;

/**
 * Keeps `concurrency` requests outstanding, or as many as its growth says: the answer to one, good or bad, sends the next. A slot that reached nobody
 * waits before it sends again, twice as long after each failure in a row, so that a dead server is not hammered.
 */
export function keepConcurrency(options: ClosedLoopOptions): LoadLoop {
  const { concurrency, growth = noGrowth(concurrency), order, clock, takeTurn = turnsUpTo(options.limit) } = options;
  const failuresInARow = new Uint8Array(concurrency);
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal); // every slot may be waiting in its back-off
  const sequences = options.sequences?.begin('closed', concurrency);
  const slots = createRequestSlots({ ...options, size: concurrency, marks: sequences?.marks });
  const next = sequences?.next ?? order();
  const ends = sequences && createSequenceEnds(sequences, { ...options, size: concurrency });
  let started = 0;

  const transport = options.open({
    concurrency,
    marks: sequences?.marks,
    onResponse: (slot, at) => {
      if (slots.respond(slot, at)) answered(slot);
    },
    onOutputs: slots.keepOutputs,
    onReply: (slot, failure, firstAt, lastAt) => {
      const isCounted = slots.responsesOf(slot) > 0;
      if (!slots.settle(slot, failure, firstAt, lastAt)) {
        ends?.settle(slot, failure, firstAt, lastAt);
        return;
      }
      sequences?.settle(slot, failure);
      if (stopping.signal.aborted) return;
      if (failure?.code === 'connect') {
        void sendAfterBackOff(slot);
      } else {
        failuresInARow[slot] = 0;
        send(slot);
      }
      if (!isCounted) answered(slot);
    },
  });

  function answered(slot: number): void {
    if (stopping.signal.aborted) return;
    growth.onAnswer(slot);
    startSlots();
  }

  function startSlots(): void {
    while (started < growth.target) send(started++);
  }

  function send(slot: number): void {
    if (!takeTurn()) return;
    const request = next(slot);
    if (request === undefined) throw new RangeError('no correlation id is free for a new sequence');
    slots.send(transport, request, slot, undefined);
  }

  async function sendAfterBackOff(slot: number): Promise<void> {
    const failures = failuresInARow[slot] ?? 0;
    failuresInARow[slot] = Math.min(10, failures + 1);
    const backOffMs = Math.min(longestBackOffMs, firstBackOffMs * 2 ** failures);
    await clock.sleepUntil(plus(clock.now(), fromMs(backOffMs)), stopping.signal);
    if (!stopping.signal.aborted) send(slot);
  }

  startSlots();

  return {
    get inFlight() {
      return slots.inFlight;
    },
    get isGrown() {
      return growth.isDone;
    },
    get toldUntil() {
      return clock.now();
    },
    get sequences() {
      return sequences?.counts;
    },
    halt: async () => stopping.abort(),
    stop: async (drainLimitMs) => {
      stopping.abort();
      const givenUp = await slots.drain(drainLimitMs);
      await ends?.send(transport, givenUp, drainLimitMs);
      await transport[Symbol.asyncDispose]();
    },
  };
}

function turnsUpTo(limit = Number.POSITIVE_INFINITY): () => boolean {
  let left = limit;
  return () => left-- > 0;
}
