import { answers } from '../../src/core/failure.js';
import { fromMs, minus, type Nanoseconds } from '../../src/core/units.js';
import type { LoadEvents } from './outcome.js';

/** Notices that requests wait and nobody answers any of them. */
export interface SilenceWatch extends Pick<LoadEvents, 'onSent' | 'onOutcome'> {
  /** Aborted, with `no-answer` as its reason, by the look that finds the silence too long. */
  readonly signal: AbortSignal;
  /** To be called again and again: silence makes no event. */
  look(now: Nanoseconds): void;
  /** Since when requests have been waiting without an answer to any; absent while none waits. */
  readonly since: Nanoseconds | undefined;
}

/** @param limitMs absent: silence is never too long */
export function watchSilence(limitMs: number | undefined): SilenceWatch {
  const over = new AbortController();
  let waiting = 0;
  let since: Nanoseconds | undefined;
  return {
    signal: over.signal,
    get since() {
      return since;
    },
    onSent: (_intendedAt, sentAt) => {
      waiting++;
      since ??= sentAt;
    },
    onOutcome: ({ failure, lastAt }) => {
      waiting--;
      // A connection that was refused is no answer: the silence goes on.
      if (failure === undefined || answers(failure)) since = waiting === 0 ? undefined : lastAt;
    },
    look: (now) => {
      if (limitMs === undefined || since === undefined || minus(now, since) < fromMs(limitMs)) return;
      over.abort('no-answer');
    },
  };
}
