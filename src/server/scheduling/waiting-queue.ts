import type { Nanoseconds } from '../../core/units.js';
import type { QueueView } from './form-batch.js';
import type { WaitingRequest } from './waiting-request.js';

/** The requests of a model version that wait, in the order in which they are to be served. */
export interface WaitingQueue extends QueueView {
  /** Whether nothing that comes later, and no lapse of time, changes who is at its head. */
  readonly isFixed: boolean;
  /**
   * Not after the first moment at which a request has waited too long: then `expire` is to be called. Infinite when no
   * request can expire.
   */
  readonly nextDeadline: Nanoseconds;
  /** Whether there was room for the request. */
  push(request: WaitingRequest): boolean;
  /** Takes that many from the front. */
  take(count: number): WaitingRequest[];
  /** Takes a request out, with those that cannot be served without it; none when it was not there any more. */
  remove(request: WaitingRequest): readonly WaitingRequest[];
  /** Takes all out. */
  clear(): WaitingRequest[];
  /** Takes out those that have waited too long and are to be refused; others that did may change their place. */
  expire(now: Nanoseconds): WaitingRequest[];
}
