import type { Failure } from '../../src/core/failure.js';
import { type Nanoseconds, ns } from '../../src/core/units.js';
import { emptyOutcome, type LoadEvents } from '../load/outcome.js';
import { dispatchFields, type EventReport, outcomeFields } from './event-report.js';

/**
 * Tells the events of several threads as if one had held the load: each once, in the order of their times, and only up to
 * the instant before which every thread has told everything. What listens cannot tell the difference, so that windows,
 * counts and percentiles are exactly those of the events.
 */
export interface EventMerge {
  accept(thread: number, report: EventReport): void;
  /** Everything before this instant has been told. */
  readonly toldUntil: Nanoseconds;
  /** Sent and not yet answered, as far as has been told. */
  readonly inFlight: number;
}

export function createEventMerge(threads: number, events: LoadEvents): EventMerge {
  const feeds = Array.from({ length: threads }, () => ({
    until: ns(Number.NEGATIVE_INFINITY),
    failures: [] as Failure[],
    dispatches: new RecordQueue(dispatchFields),
    outcomes: new RecordQueue(outcomeFields),
    responseTimes: new RecordQueue(1),
    outputTexts: new TextQueue(),
  }));
  type Feed = (typeof feeds)[number];
  const responseTimes: Nanoseconds[] = [];
  const outputTexts: (string | undefined)[] = [];
  const outcome = { ...emptyOutcome(), responseTimes, outputTexts };
  let toldUntil = ns(Number.NEGATIVE_INFINITY);
  let inFlight = 0;

  const tellDispatch = ({ dispatches }: Feed): void => {
    const at = ns(dispatches.field(0));
    const intendedAt = ns(dispatches.field(1));
    const request = dispatches.field(2);
    const wasSent = dispatches.field(3) === 1;
    dispatches.drop();
    if (wasSent) {
      inFlight++;
      events.onSent(intendedAt, at, request);
    } else {
      events.onDropped(intendedAt, request);
    }
  };

  const tellOutcome = (feed: Feed): void => {
    const { outcomes, failures } = feed;
    outcome.lastAt = ns(outcomes.field(0));
    outcome.intendedAt = ns(outcomes.field(1));
    outcome.sentAt = ns(outcomes.field(2));
    outcome.handedAt = ns(outcomes.field(3));
    outcome.firstAt = ns(outcomes.field(4));
    outcome.request = outcomes.field(5);
    outcome.failure = failures[outcomes.field(6) - 1];
    const sequenceId = outcomes.field(7);
    outcome.sequenceId = sequenceId === 0 ? undefined : sequenceId;
    responseTimes.length = outcomes.field(8);
    for (let index = 0; index < responseTimes.length; index++) {
      responseTimes[index] = ns(feed.responseTimes.field(0));
      feed.responseTimes.drop();
    }
    outputTexts.length = outcomes.field(9);
    for (let index = 0; index < outputTexts.length; index++) outputTexts[index] = feed.outputTexts.take();
    outcomes.drop();
    inFlight--;
    events.onOutcome(outcome);
  };

  /** Of a request, the sending comes first. */
  const streams = feeds.flatMap((feed) => [
    { queue: feed.dispatches, tell: () => tellDispatch(feed) },
    { queue: feed.outcomes, tell: () => tellOutcome(feed) },
  ]);

  /** Tells the earliest event; whether there was one before `until`. */
  const tellNext = (until: Nanoseconds): boolean => {
    let earliest: (typeof streams)[number] | undefined;
    let at: number = until;
    for (const stream of streams) {
      if (stream.queue.time >= at) continue;
      at = stream.queue.time;
      earliest = stream;
    }
    earliest?.tell();
    return earliest !== undefined;
  };

  return {
    accept: (thread, { dispatches, outcomes, responseTimes: times, outputTexts: texts, failures, until }) => {
      const feed = feeds[thread];
      if (feed === undefined) return;
      feed.dispatches.push(dispatches);
      feed.outcomes.push(outcomes);
      feed.responseTimes.push(times);
      feed.outputTexts.push(texts);
      feed.failures.push(...failures);
      feed.until = until;
      const told = ns(Math.min(...feeds.map((each) => each.until)));
      while (tellNext(told));
      toldUntil = told;
    },
    get toldUntil() {
      return toldUntil;
    },
    get inFlight() {
      return inFlight;
    },
  };
}

/** Records of a few numbers each, of which the first is a time; in pieces, as they came. */
class RecordQueue {
  /** Of the first record; infinite without one. */
  time: number = Number.POSITIVE_INFINITY;
  private readonly fields: number;
  private pieces: Float64Array[] = [];
  private offset = 0;

  constructor(fields: number) {
    this.fields = fields;
  }

  push(piece: Float64Array): void {
    if (piece.length === 0) return;
    this.pieces.push(piece);
    this.look();
  }

  /** Of the first record. */
  field(index: number): number {
    return this.pieces[0]?.[this.offset + index] ?? 0;
  }

  /** Lets go of the first record. */
  drop(): void {
    this.offset += this.fields;
    if (this.offset >= (this.pieces[0]?.length ?? 0)) {
      this.pieces.shift();
      this.offset = 0;
    }
    this.look();
  }

  private look(): void {
    this.time = this.pieces[0]?.[this.offset] ?? Number.POSITIVE_INFINITY;
  }
}

/** Texts, in pieces, as they came. */
class TextQueue {
  private pieces: (readonly (string | undefined)[])[] = [];
  private offset = 0;

  push(piece: readonly (string | undefined)[]): void {
    if (piece.length > 0) this.pieces.push(piece);
  }

  take(): string | undefined {
    const [piece = []] = this.pieces;
    const text = piece[this.offset++];
    if (this.offset >= piece.length) {
      this.pieces.shift();
      this.offset = 0;
    }
    return text;
  }
}
