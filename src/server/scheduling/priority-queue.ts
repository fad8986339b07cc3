import { type Nanoseconds, ns } from '../../core/units.js';
import { PolicyQueue } from './policy-queue.js';
import type { QueuePolicy } from './queue-policy.js';
import type { WaitingQueue } from './waiting-queue.js';
import type { WaitingRequest } from './waiting-request.js';

/** The priority levels of a model (model configuration, ModelDynamicBatching). */
export interface PriorityRules {
  /** At least 1; 1 is the highest level, this the lowest. */
  readonly levels: number;
  /** For requests that name no level or one that does not exist. */
  readonly defaultLevel: number;
  readonly policyOf: (level: number) => QueuePolicy;
}

interface Level {
  readonly level: number;
  readonly queue: PolicyQueue;
}

/** A queue for each priority level, served from the highest to the lowest (model configuration, 7.2 "Priorities"). */
export class PriorityQueue implements WaitingQueue {
  readonly isFixed = false;
  readonly #rules: PriorityRules;
  /** Only the levels that were asked for so far, since a configuration may allow billions; highest first. */
  #levels: readonly Level[] = [];

  constructor(rules: PriorityRules) {
    this.#rules = rules;
  }

  get length(): number {
    let length = 0;
    for (const { queue } of this.#levels) length += queue.length;
    return length;
  }

  get nextDeadline(): Nanoseconds {
    let next = Number.POSITIVE_INFINITY;
    for (const { queue } of this.#levels) next = Math.min(next, queue.nextDeadline);
    return ns(next);
  }

  at(index: number): WaitingRequest | undefined {
    let left = index;
    for (const { queue } of this.#levels) {
      if (left < queue.length) return queue.at(left);
      left -= queue.length;
    }
    return undefined;
  }

  push(request: WaitingRequest): boolean {
    return this.#queueOf(request).push(request);
  }

  take(count: number): WaitingRequest[] {
    const taken: WaitingRequest[] = [];
    for (const { queue } of this.#levels) {
      if (taken.length === count) break;
      taken.push(...queue.take(Math.min(count - taken.length, queue.length)));
    }
    return taken;
  }

  remove(request: WaitingRequest): readonly WaitingRequest[] {
    return this.#queueOf(request).remove(request);
  }

  clear(): WaitingRequest[] {
    return this.take(this.length);
  }

  expire(now: Nanoseconds): WaitingRequest[] {
    return this.#levels.flatMap(({ queue }) => queue.expire(now));
  }

  #queueOf({ priority }: WaitingRequest): PolicyQueue {
    const { levels, defaultLevel, policyOf } = this.#rules;
    const level = priority >= 1 && priority <= levels ? priority : defaultLevel;
    const known = this.#levels.find((each) => each.level === level);
    if (known !== undefined) return known.queue;
    const queue = new PolicyQueue(policyOf(level));
    this.#levels = [...this.#levels, { level, queue }].toSorted((left, right) => left.level - right.level);
    return queue;
  }
}
