import type { Clock } from '../../src/core/clock.js';
import type { SequenceCounts } from '../../src/core/run.js';
import type { Nanoseconds } from '../../src/core/units.js';
import type { OpenTransport } from '../wire/transport.js';
import type { LoadEvents } from './outcome.js';
import type { RequestOrder } from './request-order.js';
import type { SequenceSource } from './sequence-source.js';

/** What every kind of load needs. */
export interface LoadLoopOptions {
  /** Of requests that belong to no sequences. */
  readonly order: RequestOrder;
  /** Given when requests belong to sequences. */
  readonly sequences?: SequenceSource | undefined;
  readonly open: OpenTransport;
  readonly clock: Clock;
  readonly events: LoadEvents;
  /** How long `stop` waits for answers before it gives the requests up. */
  readonly drainLimitMs: number;
  /** How many requests are sent, and then no more; absent: until it is stopped. */
  readonly limit?: number | undefined;
}

/** A load that is being held. */
export interface LoadLoop {
  readonly inFlight: number;
  /** The load has grown to what it is to be. */
  readonly isGrown: boolean;
  /** At this moment, and of several threads when they halted; absent when requests belong to no sequences. */
  readonly sequences: SequenceCounts | undefined;
  /** Everything that happened before this instant has been told. */
  readonly toldUntil: Nanoseconds;
  /**
   * Sends nothing more from now on. What a schedule has due at this moment is still sent, as far as a sender in time would
   * have; what a late one has left is dropped. Resolves when everything up to this moment has been told.
   */
  halt(): Promise<void>;
  /**
   * Halts. Resolves when every request in flight is answered or given up, sequences that would go on are ended, each by one
   * more request that is told to nobody, and the transport is closed.
   *
   * @param drainLimitMs instead of that of the options
   */
  stop(drainLimitMs?: number): Promise<void>;
}
