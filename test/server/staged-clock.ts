import type { Clock } from '../../src/core/clock.js';
import { type Nanoseconds, ns } from '../../src/core/units.js';

/** A clock that stands still until it is moved. */
export interface StagedClock extends Clock {
  /** Moves to `time` and lets everyone who waited until then go on, earliest first. */
  advanceTo(time: number): Promise<void>;
}

export function stagedClock(): StagedClock {
  let current = 0;
  let sleepers: { readonly time: Nanoseconds; readonly wake: () => void }[] = [];
  return {
    now: () => ns(current),
    sleepUntil: (time, signal) =>
      new Promise((resolve) => {
        sleepers.push({ time, wake: resolve });
        signal?.addEventListener('abort', () => resolve(), { once: true });
      }),
    async advanceTo(time) {
      current = time;
      const due = sleepers.filter((sleeper) => sleeper.time <= time);
      sleepers = sleepers.filter((sleeper) => sleeper.time > time);
      for (const sleeper of due.toSorted((left, right) => left.time - right.time)) sleeper.wake();
      await settled();
    },
  };
}

/** Resolves when all promise callbacks that are due have run. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
