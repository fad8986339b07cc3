import { fromMs, type Nanoseconds } from '../../src/core/units.js';

export interface TimeoutSweep extends Disposable {
  /** How old a request may become. */
  readonly limit: Nanoseconds;
}

const shortestTickMs = 1;
const longestTickMs = 50;

/**
 * Looks at all requests in flight a few times within a time limit, instead of one timer for each request: a request is
 * noticed to be late at most a twentieth of the limit (at most 50 ms) after its time.
 */
export function startTimeoutSweep(limitMs: number, sweep: (limit: Nanoseconds) => void): TimeoutSweep {
  const limit = fromMs(limitMs);
  const tickMs = Math.min(longestTickMs, Math.max(shortestTickMs, limitMs / 20));
  const timer = setInterval(() => sweep(limit), tickMs);
  timer.unref();
  return { limit, [Symbol.dispose]: () => clearInterval(timer) };
}
