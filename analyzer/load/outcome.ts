import type { Failure } from '../../src/core/failure.js';
import { type Nanoseconds, ns } from '../../src/core/units.js';

/** One request as it went: all times monotonic. */
export interface Outcome {
  /** Its number among the prepared ones. */
  request: number;
  /** When it was to be sent: in a closed loop, when it was sent. */
  intendedAt: Nanoseconds;
  sentAt: Nanoseconds;
  /** When the transport had taken it over. */
  handedAt: Nanoseconds;
  firstAt: Nanoseconds;
  lastAt: Nanoseconds;
  /** Absent when it was answered validly. */
  failure: Failure | undefined;
  /** The correlation id; absent when requests belong to no sequences. */
  sequenceId?: number | undefined;
  /** When each response of a request to a stream came; empty for all others. What is kept must be copied. */
  responseTimes: readonly Nanoseconds[];
  /** The outputs of its answer, or of each response, as JSON; empty where none are kept. What is kept must be copied. */
  outputTexts: readonly (string | undefined)[];
}

/** What a load tells while it runs; each request is told of by one `onDropped`, or one `onSent` and one `onOutcome`. */
export interface LoadEvents {
  readonly onSent: (intendedAt: Nanoseconds, sentAt: Nanoseconds, request: number) => void;
  /** A request that was due was not sent, and never will be. */
  readonly onDropped: (intendedAt: Nanoseconds, request: number) => void;
  /** @param outcome the same object each time: what is kept must be copied */
  readonly onOutcome: (outcome: Readonly<Outcome>) => void;
}

/** Events that `first` hears of before `then`; where there is no first one, nothing is between. */
export function toldBefore(first: LoadEvents | undefined, then: LoadEvents): LoadEvents {
  if (first === undefined) return then;
  return {
    onSent: (intendedAt, sentAt, request) => {
      first.onSent(intendedAt, sentAt, request);
      then.onSent(intendedAt, sentAt, request);
    },
    onDropped: (intendedAt, request) => {
      first.onDropped(intendedAt, request);
      then.onDropped(intendedAt, request);
    },
    onOutcome: (outcome) => {
      first.onOutcome(outcome);
      then.onOutcome(outcome);
    },
  };
}

export const emptyOutcome = (): Outcome => ({
  request: 0,
  intendedAt: ns(0),
  sentAt: ns(0),
  handedAt: ns(0),
  firstAt: ns(0),
  lastAt: ns(0),
  failure: undefined,
  sequenceId: undefined,
  responseTimes: [],
  outputTexts: [],
});
