import type { Nanoseconds } from '../../src/core/units.js';
import type { LoadLoop } from './load-loop.js';
import type { LoadEvents } from './outcome.js';
import type { PlannedLoad } from './plan-load.js';

export interface LoadOrder {
  readonly planned: PlannedLoad;
  readonly events: LoadEvents;
  /** How many requests are sent, and then no more; absent: until the load is stopped. */
  readonly limit?: number | undefined;
}

/** A load that can start at once. */
export interface ReadyLoad extends AsyncDisposable {
  start(startAt: Nanoseconds): LoadLoop;
}

/** Holds the loads of one level, its warm-up and itself, one after the other and over the same connections. */
export interface Sender extends AsyncDisposable {
  /** Aborted when it cannot go on, because of a bug; the reason is the error. */
  readonly crashed: AbortSignal;
  /** Gets what a load needs, so that nothing of that is in the time that is measured. */
  prepare(order: LoadOrder): Promise<ReadyLoad>;
}

export type OpenSender = () => Sender;
