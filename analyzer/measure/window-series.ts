import { answers } from '../../src/core/failure.js';
import { minus, type Nanoseconds, ns, plus } from '../../src/core/units.js';
import type { LoadEvents, Outcome } from '../load/outcome.js';
import { createLatencyRecorder, type LatencyRecorder } from './latency-recorder.js';
import { compactPacedRecord, createPacedRecord, type PacedRecord } from './paced-record.js';
import { stabilityWindows } from './stability.js';
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
  /** Closed, with failures at every server, and nobody answered at all. */
  readonly isLost: boolean;
  /** What of it belongs to each of the parts that are reported on their own. */
  readonly parts: readonly WindowRecord[];
  /** Sums over the valid answers. */
  sendTime: Nanoseconds;
  receiveTime: Nanoseconds;
}

/**
 * How many windows at the end hold nothing but failures to reach anybody: short ones may be empty too, while nobody sends because
 * the last attempts failed.
 */
export function lostWindows(windows: readonly WindowRecord[]): number {
  const isEmpty = ({ latencies, failedRequests }: WindowRecord): boolean => latencies.count + failedRequests === 0;
  const alive = windows.findLastIndex((window) => !window.isLost && !isEmpty(window));
  const first = windows.findIndex((window, index) => index > alive && window.isLost);
  return first === -1 ? 0 : windows.length - first;
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

/** Which parts of a level are reported on their own: its models, its servers. */
export interface RequestParts {
  readonly count: number;
  /** The positions of those that are servers. */
  readonly servers: readonly number[];
  /** The positions of the parts that a prepared request belongs to. */
  readonly of: (request: number) => readonly number[];
}

export interface WindowSeriesOptions {
  readonly rule: WindowRule;
  readonly startedAt: Nanoseconds;
  /** The load is an open loop. */
  readonly isPaced: boolean;
  /** Requests go to streams. */
  readonly isStreamed?: boolean | undefined;
  /** Absent: nothing is reported on its own. */
  readonly parts?: RequestParts | undefined;
  /** Called for each window as it closes; may call `finish`. */
  readonly onClose: (window: WindowRecord) => void;
}

export function createWindowSeries(options: WindowSeriesOptions): WindowSeries {
  const { rule, startedAt, isPaced, parts, onClose } = options;
  const closed: WindowRecord[] = [];
  let current = openWindow(startedAt, options);
  let isFinished = false;
  /** When the last answer came: a request may be dropped long after it was due. */
  let latestAt = startedAt;

  const close = (at: Nanoseconds): void => {
    const ended = current;
    endWindow(ended, at);
    closed.push(ended);
    const [old] = closed.slice(-1 - stabilityWindows, -stabilityWindows);
    if (old !== undefined) compactWindow(old);
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
  const windowAt = (at: Nanoseconds): WindowRecord | undefined => {
    if (!isFinished && at >= current.startedAt) return current;
    return closed.findLast((window) => at >= window.startedAt && at < window.endedAt);
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
    onSent: (intendedAt, sentAt, request) => {
      if (!isPaced) return;
      advance(sentAt);
      const intendedIn = windowAt(intendedAt);
      const sentIn = isFinished ? undefined : current;
      recordSent(intendedIn?.paced, sentIn?.paced, minus(sentAt, intendedAt));
      if (parts === undefined) return;
      for (const part of parts.of(request)) {
        recordSent(intendedIn?.parts[part]?.paced, sentIn?.parts[part]?.paced, minus(sentAt, intendedAt));
      }
    },
    onDropped: (intendedAt, request) => {
      const intendedIn = windowAt(intendedAt);
      if (intendedIn === undefined) return;
      recordDropped(intendedIn.paced);
      if (parts !== undefined) for (const part of parts.of(request)) recordDropped(intendedIn.parts[part]?.paced);
      closeWhenFull(intendedAt);
    },
    onOutcome: (outcome) => {
      const { lastAt, request } = outcome;
      advance(lastAt);
      if (isFinished) return;
      recordOutcome(current, outcome);
      if (parts !== undefined) for (const part of parts.of(request)) recordOutcome(current.parts[part], outcome);
      latestAt = ns(Math.max(latestAt, lastAt)); // the end of an answer may be told after it
      closeWhenFull(lastAt);
    },
    finish: (now, keep) => {
      if (isFinished) return;
      if (keep && now > current.startedAt) {
        endWindow(current, now);
        closed.push(current);
      }
      isFinished = true;
    },
  };
}

function recordSent(intendedIn: PacedRecord | undefined, sentIn: PacedRecord | undefined, sendLag: Nanoseconds): void {
  if (intendedIn !== undefined) intendedIn.intended++;
  sentIn?.sendLags.record(sendLag);
}

function recordDropped(paced: PacedRecord | undefined): void {
  if (paced === undefined) return;
  paced.intended++;
  paced.dropped++;
}

function recordOutcome(window: WindowRecord | undefined, outcome: Outcome): void {
  if (window === undefined) return;
  const { intendedAt, sentAt, handedAt, firstAt, lastAt, failure } = outcome;
  if (failure === undefined) {
    window.latencies.record(minus(lastAt, intendedAt));
    window.paced?.serviceTimes.record(minus(lastAt, sentAt));
    window.sendTime = plus(window.sendTime, minus(handedAt, sentAt));
    if (window.streamed !== undefined) recordResponses(window.streamed, outcome);
    window.receiveTime = plus(window.receiveTime, minus(lastAt, firstAt));
  } else {
    window.failedRequests++;
    if (answers(failure)) window.answeredFailures++;
  }
}

function endWindow(window: WindowRecord, at: Nanoseconds): void {
  window.endedAt = at;
  for (const part of window.parts) part.endedAt = at;
}

/** A window that is compared with none any more: a long run has thousands. */
function compactWindow({ latencies, paced, streamed, parts }: WindowRecord): void {
  latencies.compact();
  if (paced !== undefined) compactPacedRecord(paced);
  streamed?.firstResponses.compact();
  parts.forEach(compactWindow);
}

const openWindow = (startedAt: Nanoseconds, options: Omit<WindowSeriesOptions, 'onClose'>): WindowRecord => {
  const { rule, isPaced, isStreamed, parts } = options;
  return {
    startedAt,
    endedAt: rule.kind === 'time' ? plus(startedAt, rule.interval) : ns(Number.POSITIVE_INFINITY),
    latencies: createLatencyRecorder(),
    paced: isPaced ? createPacedRecord() : undefined,
    streamed: isStreamed ? createStreamRecord() : undefined,
    failedRequests: 0,
    answeredFailures: 0,
    get isLost() {
      const isSilent = this.latencies.count === 0 && this.failedRequests > 0 && this.answeredFailures === 0;
      // Of several servers one may be slow while another is gone.
      return isSilent && (parts?.servers ?? []).every((server) => this.parts[server]?.isLost);
    },
    parts: Array.from({ length: parts?.count ?? 0 }, () =>
      openWindow(startedAt, { rule, startedAt, isPaced, isStreamed }),
    ),
    sendTime: ns(0),
    receiveTime: ns(0),
  };
};
