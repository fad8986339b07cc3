import type { Clock } from '../../src/core/clock.js';
import { minus, type Nanoseconds, ns, plus } from '../../src/core/units.js';

/** A monotonic time that all threads of a process agree on, which `performance.now` is not. */
export function monotonicNow(): Nanoseconds {
  const [seconds, nanoseconds] = process.hrtime();
  return ns(seconds * 1e9 + nanoseconds);
}

const readings = 30;

/**
 * What has to be added to the clock's time to get `monotonicNow`: the smallest of some readings, since the time between
 * the two calls is in it. Never too small.
 */
export function offsetOf(clock: Clock): Nanoseconds {
  let smallest = ns(Number.POSITIVE_INFINITY);
  for (let reading = 0; reading < readings; reading++) {
    const now = clock.now();
    smallest = ns(Math.min(smallest, minus(monotonicNow(), now)));
  }
  return ns(smallest + 1); // a clock may round down
}

/**
 * The clock of another thread as it would be on this one, within a fraction of a microsecond.
 *
 * @param own that of this thread
 * @param offset of the other clock, by `offsetOf`
 */
export function clockOfThread(own: Clock, offset: Nanoseconds): Clock {
  const ahead = minus(offsetOf(own), offset);
  return {
    now: () => plus(own.now(), ahead),
    sleepUntil: (time, signal) => own.sleepUntil(minus(time, ahead), signal),
  };
}
