import { minus, type Nanoseconds, ns, toMs } from './units.js';

/** A monotonic clock and the two waits that a sender needs. Handed in, so that tests can stage time. */
export interface Clock {
  /** Monotonic time since an arbitrary origin. */
  now(): Nanoseconds;
  /**
   * Resolves at `time` or at the abort of `signal`, whichever comes first; never rejects.
   * Always yields at least one turn of the event loop, so that a late sender still reads replies.
   *
   * @param lateness so much later will do as well, which may save CPU; 0 unless it is given
   */
  sleepUntil(time: Nanoseconds, signal?: AbortSignal, lateness?: Nanoseconds): Promise<void>;
}

export const systemClock: Clock = {
  now: () => ns(Math.round(performance.now() * 1e6)),
  sleepUntil: async (time, signal) => {
    // A timer may fire up to a millisecond early, since it counts from the start of its turn of the event loop.
    do await sleepOnce(toMs(minus(time, systemClock.now())), signal);
    while (!signal?.aborted && systemClock.now() < time);
  },
};

/** A longer timer would fire at once. */
const longestTimerMs = 2 ** 31 - 1;

/** One timer, or one turn of the event loop when nothing is left to wait for. */
function sleepOnce(waitMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted || waitMs <= 0) {
      setImmediate(resolve);
      return;
    }
    const wake = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', wake);
      resolve();
    };
    const timer = setTimeout(wake, Math.min(longestTimerMs, waitMs));
    signal?.addEventListener('abort', wake, { once: true });
  });
}
