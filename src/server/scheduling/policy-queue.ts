import { type Nanoseconds, ns } from '../../core/units.js';
import { deadlineOf, type QueuePolicy } from './queue-policy.js';
import { RequestQueue } from './request-queue.js';
import type { WaitingQueue } from './waiting-queue.js';
import type { WaitingRequest } from './waiting-request.js';

const never = ns(Number.POSITIVE_INFINITY);

/**
 * First in, first out under a queue policy. Requests that have waited too long are refused or, with DELAY, stand behind
 * all that have not (model configuration, 7.2 "Queue policy").
 */
export class PolicyQueue implements WaitingQueue {
  readonly isFixed = false;
  readonly #policy: QueuePolicy;
  readonly #inTime = new RequestQueue();
  readonly #delayed = new RequestQueue();
  #nextDeadline = never;

  constructor(policy: QueuePolicy) {
    this.#policy = policy;
  }

  get length(): number {
    return this.#inTime.length + this.#delayed.length;
  }

  /** A lower bound: that of a request which is gone stays until it passes, so that taking one costs no search. */
  get nextDeadline(): Nanoseconds {
    return this.#inTime.length > 0 ? this.#nextDeadline : never;
  }

  at(index: number): WaitingRequest | undefined {
    return this.#inTime.at(index) ?? this.#delayed.at(index - this.#inTime.length);
  }

  push(request: WaitingRequest): boolean {
    if (this.length >= this.#policy.maxQueueSize) return false;
    const deadline = deadlineOf(request, this.#policy);
    if (this.#inTime.length === 0 || deadline < this.#nextDeadline) this.#nextDeadline = deadline;
    return this.#inTime.push(request);
  }

  take(count: number): WaitingRequest[] {
    const taken = this.#inTime.take(count);
    return taken.length < count ? [...taken, ...this.#delayed.take(count - taken.length)] : taken;
  }

  remove(request: WaitingRequest): readonly WaitingRequest[] {
    const removed = this.#inTime.remove(request);
    return removed.length > 0 ? removed : this.#delayed.remove(request);
  }

  clear(): WaitingRequest[] {
    return this.take(this.length);
  }

  expire(now: Nanoseconds): WaitingRequest[] {
    if (now < this.nextDeadline) return [];
    const waiting = this.#inTime.take(this.#inTime.length);
    this.#nextDeadline = never;
    const expired = waiting.filter((request) => !this.#keep(request, now));
    if (this.#policy.timeoutAction === 'REJECT') return expired;
    for (const request of expired) this.#delayed.push(request);
    return [];
  }

  /** Puts a request back that may wait longer. */
  #keep(request: WaitingRequest, now: Nanoseconds): boolean {
    const deadline = deadlineOf(request, this.#policy);
    if (now >= deadline) return false;
    if (deadline < this.#nextDeadline) this.#nextDeadline = deadline;
    return this.#inTime.push(request);
  }
}
