import type { Failure } from '../../src/core/failure.js';
import { minus, type Nanoseconds, ns, plus } from '../../src/core/units.js';
import { createLatencyRecorder, type LatencyRecorder } from './latency-recorder.js';

/** What was measured between two instants; requests belong to the window in which their answer was complete. */
export interface WindowRecord {
  readonly startedAt: Nanoseconds;
  endedAt: Nanoseconds;
  /** Latencies of the valid answers. */
  readonly latencies: LatencyRecorder;
  failedRequests: number;
  /** Failures that a server answered, rather than nobody. */
  answeredFailures: number;
  /** Closed, with failures, and nobody answered at all. */
  readonly isLost: boolean;
  /** Sums over the valid answers. */
  sendTime: Nanoseconds;
  receiveTime: Nanoseconds;
}

/** Windows of a fixed length, or of a fixed number of answers (failed ones included, so that they always end). */
export type WindowRule =
  | { readonly kind: 'time'; readonly interval: Nanoseconds }
  | { readonly kind: 'count'; readonly requests: number };

/** A chain of windows without gaps: each starts at the instant at which the one before ended. */
export interface WindowSeries {
  /** The window that is being filled. */
  readonly current: WindowRecord;
  readonly closed: readonly WindowRecord[];
  /** Nothing more is recorded. */
  readonly isFinished: boolean;
  record(
    sentAt: Nanoseconds,
    handedAt: Nanoseconds,
    firstAt: Nanoseconds,
    lastAt: Nanoseconds,
    failure: Failure | undefined,
  ): void;
  /** Closes the windows that have ended by `now`; needed because without answers nothing else notices. */
  advance(now: Nanoseconds): void;
  /** Ends the series: the current window is closed at `now` when `keep` says so, later answers are not recorded. */
  finish(now: Nanoseconds, keep: boolean): void;
}

/** @param onClose called for each window as it closes; may call `finish` */
export function createWindowSeries(
  rule: WindowRule,
  startedAt: Nanoseconds,
  onClose: (window: WindowRecord, index: number) => void,
): WindowSeries {
  const closed: WindowRecord[] = [];
  let current = openWindow(startedAt, rule);
  let isFinished = false;

  const close = (at: Nanoseconds): void => {
    current.endedAt = at;
    closed.push(current);
    current = openWindow(at, rule);
    onClose(closed[closed.length - 1] as WindowRecord, closed.length - 1);
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
    record: (sentAt, handedAt, firstAt, lastAt, failure) => {
      advance(lastAt);
      if (isFinished) return;
      if (failure === undefined) {
        current.latencies.record(minus(lastAt, sentAt));
        current.sendTime = plus(current.sendTime, minus(handedAt, sentAt));
        current.receiveTime = plus(current.receiveTime, minus(lastAt, firstAt));
      } else {
        current.failedRequests++;
        if (isAnswer(failure)) current.answeredFailures++;
      }
      if (rule.kind === 'count' && current.latencies.count + current.failedRequests >= rule.requests) close(lastAt);
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

/** Whether a server was there to say no. */
const isAnswer = ({ code }: Failure): boolean => code !== 'connect' && code !== 'timeout' && code !== 'abandoned';

const openWindow = (startedAt: Nanoseconds, rule: WindowRule): WindowRecord => ({
  startedAt,
  endedAt: rule.kind === 'time' ? plus(startedAt, rule.interval) : ns(Number.POSITIVE_INFINITY),
  latencies: createLatencyRecorder(),
  failedRequests: 0,
  answeredFailures: 0,
  get isLost() {
    return this.latencies.count === 0 && this.failedRequests > 0 && this.answeredFailures === 0;
  },
  sendTime: ns(0),
  receiveTime: ns(0),
});
