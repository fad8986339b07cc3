import type { Clock } from '../../src/core/clock.js';
import type { Failure, FailureCode } from '../../src/core/failure.js';
import { type Nanoseconds, ns } from '../../src/core/units.js';
import type { LoadEvents } from '../load/outcome.js';

/** Events of one thread, in the order of their times, as numbers that can be moved to another thread. */
export interface EventReport {
  /** Requests that were sent or dropped: `dispatchFields` numbers each. */
  readonly dispatches: Float64Array<ArrayBuffer>;
  /** `outcomeFields` numbers each. */
  readonly outcomes: Float64Array<ArrayBuffer>;
  /** When responses of streams came, outcome after outcome. */
  readonly responseTimes: Float64Array<ArrayBuffer>;
  /** What answers or responses say, outcome after outcome. */
  readonly outputTexts: readonly (string | undefined)[];
  /** The first failure of each class that this thread has met since its last report. */
  readonly failures: readonly Failure[];
  /** Nothing that happened before this instant is told of later. */
  readonly until: Nanoseconds;
}

/** At, intended, which request, and whether it was sent (1) or dropped (0). */
export const dispatchFields = 4;
/**
 * Last, intended, sent, handed, first, which request, the number of the failure's class, from 1, or 0, the correlation id, or 0,
 * how many response times it has, and how many texts.
 */
export const outcomeFields = 10;

/** Writes down what a load tells, and reports it now and then. */
export interface EventWriter extends LoadEvents {
  /** @param until nothing that happened before is written later */
  report(until: Nanoseconds): void;
}

/** So many events are reported at once, however long the next report takes. */
const largestReport = 2048;

export function createEventWriter(clock: Clock, post: (report: EventReport) => void): EventWriter {
  const dispatches = new Float64Array(largestReport * dispatchFields);
  const outcomes = new Float64Array(largestReport * outcomeFields);
  const classes = new Map<FailureCode, number>();
  let failures: Failure[] = [];
  let responseTimes: Nanoseconds[] = [];
  let outputTexts: (string | undefined)[] = [];
  let dispatchEnd = 0;
  let outcomeEnd = 0;
  let reportedUntil = ns(0);

  const report = (until: Nanoseconds): void => {
    reportedUntil = until;
    post({
      dispatches: dispatches.slice(0, dispatchEnd),
      outcomes: outcomes.slice(0, outcomeEnd),
      responseTimes: Float64Array.from(responseTimes),
      outputTexts,
      failures,
      until,
    });
    dispatchEnd = 0;
    outcomeEnd = 0;
    failures = [];
    responseTimes = [];
    outputTexts = [];
  };

  const addDispatch = (at: Nanoseconds, intendedAt: Nanoseconds, request: number, wasSent: 0 | 1): void => {
    dispatches[dispatchEnd++] = at;
    dispatches[dispatchEnd++] = intendedAt;
    dispatches[dispatchEnd++] = request;
    dispatches[dispatchEnd++] = wasSent;
    // In the middle of a burst or of a read: the next event may have the same time.
    if (dispatchEnd === dispatches.length) report(reportedUntil);
  };

  const classOf = (failure: Failure | undefined): number => {
    if (failure === undefined) return 0;
    const known = classes.get(failure.code);
    if (known !== undefined) return known;
    failures.push({ code: failure.code, message: failure.message });
    const added = classes.size + 1;
    classes.set(failure.code, added);
    return added;
  };

  return {
    report,
    onSent: (intendedAt, sentAt, request) => addDispatch(sentAt, intendedAt, request, 1),
    onDropped: (intendedAt, request) => addDispatch(clock.now(), intendedAt, request, 0),
    onOutcome: (outcome) => {
      const failure = classOf(outcome.failure);
      outcomes[outcomeEnd++] = outcome.lastAt;
      outcomes[outcomeEnd++] = outcome.intendedAt;
      outcomes[outcomeEnd++] = outcome.sentAt;
      outcomes[outcomeEnd++] = outcome.handedAt;
      outcomes[outcomeEnd++] = outcome.firstAt;
      outcomes[outcomeEnd++] = outcome.request;
      outcomes[outcomeEnd++] = failure;
      outcomes[outcomeEnd++] = outcome.sequenceId ?? 0;
      outcomes[outcomeEnd++] = outcome.responseTimes.length;
      outcomes[outcomeEnd++] = outcome.outputTexts.length;
      for (const time of outcome.responseTimes) responseTimes.push(time);
      for (const text of outcome.outputTexts) outputTexts.push(text);
      if (outcomeEnd === outcomes.length) report(reportedUntil);
    },
  };
}
