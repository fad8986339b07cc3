import type { Clock } from '../core/clock.js';
import { fromMs, type Nanoseconds, ns, toMs } from '../core/units.js';

/** The system's monotonic clock. Its origin is the same in every thread, unlike that of `performance.now`. */
export const monotonicNow = (): Nanoseconds => ns(Number(process.hrtime.bigint()));

/**
 * A clock for queue delays, which are given in microseconds. Node's timers count whole milliseconds and may fire late
 * by one, so the last millisecond is waited out by polling in `setImmediate`: the event loop still serves I/O in each
 * turn.
 */
export const serverClock: Clock = {
  now: monotonicNow,
  sleepUntil: (time, signal) =>
    new Promise((resolve) => {
      const poll = () => {
        if (signal?.aborted || monotonicNow() >= time) resolve();
        else setImmediate(poll);
      };
      const waitMs = toMs(ns(time - monotonicNow() - fromMs(1)));
      if (waitMs < 1 || signal?.aborted) {
        setImmediate(poll);
        return;
      }
      const wake = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', wake);
        poll();
      };
      const timer = setTimeout(wake, waitMs);
      signal?.addEventListener('abort', wake, { once: true });
    }),
};
