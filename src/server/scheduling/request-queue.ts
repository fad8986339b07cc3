import { type Nanoseconds, ns } from '../../core/units.js';
import type { WaitingQueue } from './waiting-queue.js';
import type { WaitingRequest } from './waiting-request.js';

/** First in, first out, without limits. Its head moves, so that taking from a long one stays cheap. */
export class RequestQueue implements WaitingQueue {
  readonly isFixed = true;
  readonly nextDeadline = ns(Number.POSITIVE_INFINITY);
  #items: WaitingRequest[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  at(index: number): WaitingRequest | undefined {
    return this.#items[this.#head + index];
  }

  push(request: WaitingRequest): boolean {
    this.#items.push(request);
    return true;
  }

  take(count: number): WaitingRequest[] {
    const taken = this.#items.slice(this.#head, this.#head + count);
    this.#head += taken.length;
    if (this.#head === this.#items.length) {
      this.#items = [];
      this.#head = 0;
    } else if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return taken;
  }

  remove(request: WaitingRequest): readonly WaitingRequest[] {
    const index = this.#items.indexOf(request, this.#head);
    return index < 0 ? [] : this.#items.splice(index, 1);
  }

  clear(): WaitingRequest[] {
    return this.take(this.length);
  }

  expire(_now: Nanoseconds): WaitingRequest[] {
    return [];
  }
}
