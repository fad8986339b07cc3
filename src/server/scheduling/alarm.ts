import type { Clock } from '../../core/clock.js';
import { type Nanoseconds, ns } from '../../core/units.js';

/** At most one timer: it rings at the earliest time that was asked for, or earlier, and whoever hears it looks again. */
export class Alarm {
  readonly #clock: Clock;
  readonly #onRing: () => void;
  readonly #lateness: Nanoseconds;
  #time = ns(Number.POSITIVE_INFINITY);
  #sleep: AbortController | undefined;

  /** @param lateness so much later than asked for it may ring */
  constructor(clock: Clock, onRing: () => void, lateness = ns(0)) {
    this.#clock = clock;
    this.#onRing = onRing;
    this.#lateness = lateness;
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
    void this.#clock.sleepUntil(time, sleep.signal, this.#lateness).then(() => {
      if (this.#sleep !== sleep) return;
      this.#stop();
      this.#onRing();
    });
  }
}
