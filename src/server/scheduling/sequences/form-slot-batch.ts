import { type Nanoseconds, ns } from '../../../core/units.js';
import type { FormBatch, QueueView } from '../form-batch.js';

export interface SlotRules {
  /** Sequences that one batch can hold. */
  readonly slotCount: number;
  /** The part of the slots, from 0 to 1, that is worth sending at once. */
  readonly minimumUtilization: number;
  /** How long the oldest request may be held until so many slots are ready; 0 = not at all. */
  readonly maxQueueDelay: Nanoseconds;
}

/**
 * The direct strategy: one request of each sequence that has one, those first that fit the first slot's shapes (model
 * configuration, StrategyDirect). The delay counts only together with a minimum of slots.
 *
 * @returns over a queue of the next request of each slot, compatible ones side by side
 */
export function formSlotBatch({ slotCount, minimumUtilization, maxQueueDelay }: SlotRules): FormBatch {
  const mayHold = maxQueueDelay > 0 && minimumUtilization > 0;
  return (queue, now) => {
    if (queue.length === 0) return { kind: 'empty' };
    // The configuration holds the part as a 32-bit float: 3 of 5 slots are 0.6 in the same precision.
    if (mayHold && Math.fround(queue.length / slotCount) < minimumUtilization) {
      const until = ns(oldestOf(queue) + maxQueueDelay);
      if (now < until) return { kind: 'wait', until };
    }
    return { kind: 'send', count: compatibleOf(queue) };
  };
}

function oldestOf(queue: QueueView): Nanoseconds {
  let oldest = Number.POSITIVE_INFINITY;
  for (let index = 0; index < queue.length; index++) oldest = Math.min(oldest, queue.at(index)?.enqueuedAt ?? oldest);
  return ns(oldest);
}

function compatibleOf(queue: QueueView): number {
  const key = queue.at(0)?.shapeKey;
  let count = 1;
  while (count < queue.length && queue.at(count)?.shapeKey === key) count++;
  return count;
}
