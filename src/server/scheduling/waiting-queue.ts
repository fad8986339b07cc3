import type { Nanoseconds } from '../../core/units.js';
import type { QueueView } from './form-batch.js';
import type { WaitingRequest } from './waiting-request.js';

/** The requests of a model version that wait, in the order in which they are to be served. */
export interface WaitingQueue extends QueueView {
  /**
   * Not after the first moment at which a request has waited too long: then `expire` is to be called. Infinite when no
   * request can expire.
   */
  readonly nextDeadline: Nanoseconds;
  at(index: number): WaitingRequest | undefined;
  /** Whether there was room for the request. */
  push(request: WaitingRequest): boolean;
  /** Takes that many from the front. */
  take(count: number): WaitingRequest[];
  /** Whether the request was still there. */
  remove(request: WaitingRequest): boolean;
  /** Takes out those that have waited too long and are to be refused; others that did may change their place. */
  expire(now: Nanoseconds): WaitingRequest[];
}
