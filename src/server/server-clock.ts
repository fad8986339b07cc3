import type { Clock } from '../core/clock.js';
import { fromMs, type Nanoseconds, ns, toMs } from '../core/units.js';

/** The system's monotonic clock. Its origin is the same in every thread, unlike that of `performance.now`. */
export const monotonicNow = (): Nanoseconds => ns(Number(process.hrtime.bigint()));

/** A longer timer would fire at once. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * A clock for queue delays, which are given in microseconds. Node's timers count whole milliseconds and may fire late
 * by one, so the last millisecond is waited out by polling in `setImmediate`: the event loop still serves I/O in each
 * turn. Who can wait two milliseconds more gets a timer alone.
 */
export const serverClock: Clock = {
  now: monotonicNow,
  sleepUntil: (time, signal, lateness = ns(0)) =>
    new Promise((resolve) => {
      const polledMs = lateness >= fromMs(2) ? 0 : 1;
      const poll = () => {
        if (signal?.aborted || monotonicNow() >= time) resolve();
        else if (polledMs === 0) rest();
        else setImmediate(poll);
      };
      const rest = () => {
        const waitMs = toMs(ns(time - monotonicNow())) - polledMs;
        if (waitMs < polledMs || signal?.aborted) {
          setImmediate(poll);
          return;
        }
        const wake = () => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', wake);
          if (waitMs > longestTimerMs) rest();
          else poll();
        };
        const timer = setTimeout(wake, Math.min(longestTimerMs, waitMs));
        signal?.addEventListener('abort', wake, { once: true });
      };
      rest();
    }),
};
