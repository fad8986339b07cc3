import type { Nanoseconds } from '../../src/core/units.js';

/** Wakes the sender of an open loop, closer to the asked time than a timer of the event loop can. */
export interface Pacer extends AsyncDisposable {
  /** Calls `wake` once, from the event loop, at `time` or soon after; a later call takes the place of an earlier one. */
  wakeAt(time: Nanoseconds, wake: () => void): void;
}

/** Resolves when the pacer is ready to wake. */
export type OpenPacer = () => Promise<Pacer>;
