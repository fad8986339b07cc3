import type { Clock } from '../../core/clock.js';
import { type Nanoseconds, ns } from '../../core/units.js';

/** At most one timer: it rings at the earliest time that was asked for, or earlier, and whoever hears it looks again. */
export class Alarm {
  readonly #clock: Clock;
  readonly #onRing: () => void;
  #time = ns(Number.POSITIVE_INFINITY);
  #sleep: AbortController | undefined;

  constructor(clock: Clock, onRing: () => void) {
    this.#clock = clock;
    this.#onRing = onRing;
  }

  /** Infinity = no need to ring. An alarm that is set to an earlier time stays: to ring early does no harm. */
  set(time: Nanoseconds): void {
    if (time === Number.POSITIVE_INFINITY) this.#stop();
    else if (time < this.#time) this.#restart(time);
  }

  #stop(): void {
    this.#sleep?.abort();
    this.#sleep = undefined;
    this.#time = ns(Number.POSITIVE_INFINITY);
  }

  #restart(time: Nanoseconds): void {
    this.#stop();
    const sleep = new AbortController();
    this.#sleep = sleep;
    this.#time = time;
    void this.#clock.sleepUntil(time, sleep.signal).then(() => {
      if (this.#sleep !== sleep) return;
      this.#stop();
      this.#onRing();
    });
  }
}
