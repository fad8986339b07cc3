import type { Clock } from '../../src/core/clock.js';
import type { Failure } from '../../src/core/failure.js';
import { fromMs, type Nanoseconds, ns, plus } from '../../src/core/units.js';
import type { SequenceMarks } from '../wire/sequence-marks.js';
import type { Transport } from '../wire/transport.js';
import { emptyOutcome, type LoadEvents } from './outcome.js';

export interface RequestSlotsOptions {
  readonly size: number;
  readonly clock: Clock;
  readonly events: LoadEvents;
  /** How long `drain` waits for answers before it gives the requests up. */
  readonly drainLimitMs: number;
  /** Given when requests belong to sequences. */
  readonly marks?: SequenceMarks | undefined;
}

/**
 * The requests in flight, by slot: the slot is the token that the transport gives back. In arrays, so that no request
 * leaves an object behind.
 */
export interface RequestSlots {
  readonly inFlight: number;
  /**
   * Sends and notes when. The slot must be free.
   *
   * @param intendedAt absent: now
   */
  send(transport: Transport, request: number, slot: number, intendedAt: Nanoseconds | undefined): void;
  /** A response came, and perhaps not the last one; whether its request is in flight. */
  respond(slot: number, at: Nanoseconds): boolean;
  /** What an answer or a response says. */
  keepOutputs(slot: number, text: string | undefined): void;
  /** How many responses the request has had, of a stream. */
  responsesOf(slot: number): number;
  /** Tells the outcome; whether there was one to tell: a request that was given up may still be answered. */
  settle(slot: number, failure: Failure | undefined, firstAt: Nanoseconds, lastAt: Nanoseconds): boolean;
  /**
   * Resolves when every request is answered, or given up: with the slots of these, which the transport may still answer.
   *
   * @param limitMs instead of that of the options
   */
  drain(limitMs?: number): Promise<number[]>;
}

const none: readonly never[] = [];

export function createRequestSlots({ size, clock, events, drainLimitMs, marks }: RequestSlotsOptions): RequestSlots {
  const requests = new Uint32Array(size);
  const intended = new Float64Array(size);
  const sent = new Float64Array(size);
  const handed = new Float64Array(size);
  const isInFlight = new Uint8Array(size);
  /** Used again, so that responses leave nothing behind. */
  const responseTimes: Nanoseconds[][] = [];
  const outputTexts: (string | undefined)[][] = [];
  const outcome = emptyOutcome();
  let inFlight = 0;
  let onDrained: (() => void) | undefined;

  const settle: RequestSlots['settle'] = (slot, failure, firstAt, lastAt) => {
    if (isInFlight[slot] === 0) return false;
    isInFlight[slot] = 0;
    inFlight--;
    outcome.request = requests[slot] ?? 0;
    outcome.intendedAt = ns(intended[slot] ?? 0);
    outcome.sentAt = ns(sent[slot] ?? 0);
    outcome.handedAt = ns(handed[slot] ?? 0);
    outcome.firstAt = firstAt;
    outcome.lastAt = lastAt;
    outcome.failure = failure;
    if (marks !== undefined) outcome.sequenceId = marks.idOf(slot);
    outcome.responseTimes = responseTimes[slot] ?? none;
    outcome.outputTexts = outputTexts[slot] ?? none;
    events.onOutcome(outcome);
    if (inFlight === 0) onDrained?.();
    return true;
  };

  return {
    get inFlight() {
      return inFlight;
    },
    send: (transport, request, slot, intendedAt) => {
      empty(responseTimes[slot]);
      empty(outputTexts[slot]);
      isInFlight[slot] = 1;
      inFlight++;
      requests[slot] = request;
      const sentAt = clock.now();
      sent[slot] = sentAt;
      intended[slot] = intendedAt ?? sentAt;
      transport.send(request, slot);
      handed[slot] = clock.now();
      events.onSent(intendedAt ?? sentAt, sentAt, request);
    },
    respond: (slot, at) => {
      if (isInFlight[slot] !== 1) return false;
      const times = responseTimes[slot] ?? [];
      responseTimes[slot] = times;
      times.push(at);
      return true;
    },
    keepOutputs: (slot, text) => {
      if (isInFlight[slot] !== 1) return;
      const texts = outputTexts[slot] ?? [];
      outputTexts[slot] = texts;
      texts.push(text);
    },
    responsesOf: (slot) => responseTimes[slot]?.length ?? 0,
    settle,
    drain: async (limitMs = drainLimitMs) => {
      if (inFlight === 0) return [];
      const drained = new AbortController();
      onDrained = () => drained.abort();
      await clock.sleepUntil(plus(clock.now(), fromMs(limitMs)), drained.signal);
      const now = clock.now();
      const failure: Failure = { code: 'abandoned', message: `no answer within ${limitMs} ms` };
      const givenUp: number[] = [];
      for (let slot = 0; slot < size; slot++) if (settle(slot, failure, now, now)) givenUp.push(slot);
      return givenUp;
    },
  };
}

function empty(list: unknown[] | undefined): void {
  if (list !== undefined) list.length = 0;
}
