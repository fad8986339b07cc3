import type { Clock } from '../../src/core/clock.js';
import { fromMs, type Nanoseconds, ns, plus } from '../../src/core/units.js';

/** A world with a clock of its own: events happen in the order of their times, and nothing waits. */
export interface Simulation {
  readonly clock: Clock;
  /** Calls `event` when `afterMs` have passed. */
  after(afterMs: number, event: () => void): void;
  /** Lets events happen until `work` is done, and gives its result. Fails when nothing is left that could end it. */
  run<T>(work: Promise<T>): Promise<T>;
}

export function createSimulation(): Simulation {
  let time = ns(0);
  let order = 0;
  const events: { readonly at: Nanoseconds; readonly order: number; readonly event: () => void }[] = [];

  const at = (when: Nanoseconds, event: () => void): void => {
    events.push({ at: ns(Math.max(when, time)), order: order++, event });
    events.sort((left, right) => left.at - right.at || left.order - right.order);
  };

  const clock: Clock = {
    now: () => time,
    sleepUntil: (when, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) {
          at(time, resolve);
          return;
        }
        const wake = (): void => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        };
        const onAbort = (): void => at(time, wake);
        at(when, wake);
        signal?.addEventListener('abort', onAbort, { once: true });
      }),
  };

  return {
    clock,
    after: (afterMs, event) => at(plus(time, fromMs(afterMs)), event),
    run: async (work) => {
      let isDone = false;
      const settled = work.finally(() => {
        isDone = true;
      });
      settled.catch(() => undefined);
      for (;;) {
        await new Promise((resolve) => setImmediate(resolve)); // promises that are resolved run first
        if (isDone) return settled;
        const next = events.shift();
        if (next === undefined) throw new Error('the simulation has nothing left to do');
        time = next.at;
        next.event();
      }
    },
  };
}
