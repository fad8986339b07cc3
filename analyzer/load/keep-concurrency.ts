import { setMaxListeners } from 'node:events';
import type { Clock } from '../../src/core/clock.js';
import type { Failure } from '../../src/core/failure.js';
import { fromMs, type Nanoseconds, ns, plus } from '../../src/core/units.js';
import type { OpenTransport } from '../wire/transport.js';

/** One request as it went: all times monotonic. `handedAt` is when the transport had taken it over. */
export type OnOutcome = (
  sentAt: Nanoseconds,
  handedAt: Nanoseconds,
  firstAt: Nanoseconds,
  lastAt: Nanoseconds,
  failure: Failure | undefined,
) => void;

export interface ClosedLoopOptions {
  readonly concurrency: number;
  /** How many prepared requests there are; they are sent in turn. */
  readonly requestCount: number;
  readonly open: OpenTransport;
  readonly clock: Clock;
  readonly onOutcome: OnOutcome;
  /** How long `stop` waits for answers before it gives the requests up. */
  readonly drainLimitMs: number;
}

export interface ClosedLoop {
  /** Sends nothing more; resolves when every request in flight is answered or given up, and the transport is closed. */
  stop(): Promise<void>;
}

const firstBackOffMs = 10;
const longestBackOffMs = 1000;

/**
 * Keeps `concurrency` requests outstanding: the answer to one, good or bad, sends the next. A slot that reached nobody
 * waits before it sends again, twice as long after each failure in a row, so that a dead server is not hammered.
 */
export function keepConcurrency(options: ClosedLoopOptions): ClosedLoop {
  const { concurrency, requestCount, clock, onOutcome } = options;
  const sentAt = new Float64Array(concurrency);
  const handedAt = new Float64Array(concurrency);
  const isInFlight = new Uint8Array(concurrency);
  const failuresInARow = new Uint8Array(concurrency);
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal); // every slot may be waiting in its back-off
  let next = 0;
  let inFlight = 0;
  let onDrained: (() => void) | undefined;

  const transport = options.open({
    concurrency,
    onReply: (slot, failure, firstAt, lastAt) => {
      if (isInFlight[slot] === 0) return; // answered after it was given up
      settle(slot, failure, firstAt, lastAt);
      if (stopping.signal.aborted) return;
      if (failure?.code === 'connect') {
        void sendAfterBackOff(slot);
      } else {
        failuresInARow[slot] = 0;
        send(slot);
      }
    },
  });

  function send(slot: number): void {
    isInFlight[slot] = 1;
    inFlight++;
    sentAt[slot] = clock.now();
    transport.send(next, slot);
    handedAt[slot] = clock.now();
    next = next + 1 === requestCount ? 0 : next + 1;
  }

  function settle(slot: number, failure: Failure | undefined, firstAt: Nanoseconds, lastAt: Nanoseconds): void {
    isInFlight[slot] = 0;
    inFlight--;
    onOutcome(ns(sentAt[slot] ?? 0), ns(handedAt[slot] ?? 0), firstAt, lastAt, failure);
    if (inFlight === 0) onDrained?.();
  }

  async function sendAfterBackOff(slot: number): Promise<void> {
    const failures = failuresInARow[slot] ?? 0;
    failuresInARow[slot] = Math.min(10, failures + 1);
    const backOffMs = Math.min(longestBackOffMs, firstBackOffMs * 2 ** failures);
    await clock.sleepUntil(plus(clock.now(), fromMs(backOffMs)), stopping.signal);
    if (!stopping.signal.aborted) send(slot);
  }

  async function drain(): Promise<void> {
    if (inFlight === 0) return;
    const drained = new AbortController();
    onDrained = () => drained.abort();
    await clock.sleepUntil(plus(clock.now(), fromMs(options.drainLimitMs)), drained.signal);
    const now = clock.now();
    const failure: Failure = { code: 'abandoned', message: `no answer within ${options.drainLimitMs} ms` };
    for (let slot = 0; slot < concurrency; slot++) {
      if (isInFlight[slot] === 1) settle(slot, failure, now, now);
    }
  }

  for (let slot = 0; slot < concurrency; slot++) send(slot);

  return {
    stop: async () => {
      stopping.abort();
      await drain();
      await transport[Symbol.asyncDispose]();
    },
  };
}
