import { answers } from '../../src/core/failure.js';
import { minus, type Nanoseconds, ns, plus } from '../../src/core/units.js';
import type { LoadEvents } from '../load/outcome.js';
import { createLatencyRecorder, type LatencyRecorder } from './latency-recorder.js';
import { createPacedRecord, type PacedRecord } from './paced-record.js';
import { createStreamRecord, recordResponses, type StreamRecord } from './stream-record.js';

/** What was measured between two instants; requests belong to the window in which their answer was complete. */
export interface WindowRecord {
  readonly startedAt: Nanoseconds;
  endedAt: Nanoseconds;
  /** Latencies of the valid answers, from their intended times. */
  readonly latencies: LatencyRecorder;
  /** Open loop only. */
  readonly paced: PacedRecord | undefined;
  /** Streams only. */
  readonly streamed?: StreamRecord | undefined;
  failedRequests: number;
  /** Failures that a server answered, rather than nobody. */
  answeredFailures: number;
  /** Closed, with failures, and nobody answered at all. */
  readonly isLost: boolean;
  /** Sums over the valid answers. */
  sendTime: Nanoseconds;
  receiveTime: Nanoseconds;
}

/**
 * Windows of a fixed length; or of a fixed number of answers, failed ones included, so that they always end; or of a fixed
 * number of requests, dropped ones included.
 */
export type WindowRule =
  | { readonly kind: 'time'; readonly interval: Nanoseconds }
  | { readonly kind: 'count' | 'total'; readonly requests: number };

/** A chain of windows without gaps: each starts at the instant at which the one before ended. */
export interface WindowSeries extends LoadEvents {
  /** The window that is being filled. */
  readonly current: WindowRecord;
  readonly closed: readonly WindowRecord[];
  /** Nothing more is recorded. */
  readonly isFinished: boolean;
  /** Closes the windows that have ended by `now`; needed because without answers nothing else notices. */
  advance(now: Nanoseconds): void;
  /** Ends the series: the current window is closed at `now` when `keep` says so, later answers are not recorded. */
  finish(now: Nanoseconds, keep: boolean): void;
}

export interface WindowSeriesOptions {
  readonly rule: WindowRule;
  readonly startedAt: Nanoseconds;
  /** The load is an open loop. */
  readonly isPaced: boolean;
  /** Requests go to streams. */
  readonly isStreamed?: boolean | undefined;
  /** Called for each window as it closes; may call `finish`. */
  readonly onClose: (window: WindowRecord) => void;
}

export function createWindowSeries(options: WindowSeriesOptions): WindowSeries {
  const { rule, startedAt, isPaced, onClose } = options;
  const closed: WindowRecord[] = [];
  let current = openWindow(startedAt, options);
  let isFinished = false;
  /** When the last answer came: a request may be dropped long after it was due. */
  let latestAt = startedAt;

  const close = (at: Nanoseconds): void => {
    current.endedAt = at;
    const ended = current;
    closed.push(ended);
    current = openWindow(at, options);
    onClose(ended);
  };

  const closeWhenFull = (now: Nanoseconds): void => {
    if (rule.kind === 'time' || isFinished) return;
    const dropped = rule.kind === 'total' ? (current.paced?.dropped ?? 0) : 0;
    const count = current.latencies.count + current.failedRequests + dropped;
    if (count >= rule.requests) close(ns(Math.max(now, latestAt)));
  };

  /** A late sender sends what was intended in a window that is closed. */
  const pacedAt = (at: Nanoseconds): PacedRecord | undefined => {
    if (!isFinished && at >= current.startedAt) return current.paced;
    return closed.findLast((window) => at >= window.startedAt && at < window.endedAt)?.paced;
  };

  const advance = (now: Nanoseconds): void => {
    while (rule.kind === 'time' && !isFinished && now >= current.endedAt) close(current.endedAt);
  };

  return {
    get current() {
      return current;
    },
    closed,
    get isFinished() {
      return isFinished;
    },
    advance,
    onSent: (intendedAt, sentAt) => {
      if (!isPaced) return;
      advance(sentAt);
      const intendedIn = pacedAt(intendedAt);
      if (intendedIn !== undefined) intendedIn.intended++;
      if (!isFinished) current.paced?.sendLags.record(minus(sentAt, intendedAt));
    },
    onDropped: (intendedAt) => {
      const intendedIn = pacedAt(intendedAt);
      if (intendedIn === undefined) return;
      intendedIn.intended++;
      intendedIn.dropped++;
      closeWhenFull(intendedAt);
    },
    onOutcome: (outcome) => {
      const { intendedAt, sentAt, handedAt, firstAt, lastAt, failure } = outcome;
      advance(lastAt);
      if (isFinished) return;
      if (failure === undefined) {
        current.latencies.record(minus(lastAt, intendedAt));
        current.paced?.serviceTimes.record(minus(lastAt, sentAt));
        current.sendTime = plus(current.sendTime, minus(handedAt, sentAt));
        if (current.streamed !== undefined) recordResponses(current.streamed, outcome);
        current.receiveTime = plus(current.receiveTime, minus(lastAt, firstAt));
      } else {
        current.failedRequests++;
        if (answers(failure)) current.answeredFailures++;
      }
      latestAt = ns(Math.max(latestAt, lastAt)); // the end of an answer may be told after it
      closeWhenFull(lastAt);
    },
    finish: (now, keep) => {
      if (isFinished) return;
      if (keep && now > current.startedAt) {
        current.endedAt = now;
        closed.push(current);
      }
      isFinished = true;
    },
  };
}

const openWindow = (startedAt: Nanoseconds, { rule, isPaced, isStreamed }: WindowSeriesOptions): WindowRecord => ({
  startedAt,
  endedAt: rule.kind === 'time' ? plus(startedAt, rule.interval) : ns(Number.POSITIVE_INFINITY),
  latencies: createLatencyRecorder(),
  paced: isPaced ? createPacedRecord() : undefined,
  streamed: isStreamed ? createStreamRecord() : undefined,
  failedRequests: 0,
  answeredFailures: 0,
  get isLost() {
    return this.latencies.count === 0 && this.failedRequests > 0 && this.answeredFailures === 0;
  },
  sendTime: ns(0),
  receiveTime: ns(0),
});
