import { type Nanoseconds, ns } from '../../core/units.js';

/** What the batcher looks at in a waiting request. */
export interface Batchable {
  readonly batchSize: number;
  readonly enqueuedAt: Nanoseconds;
  /** Requests with different keys cannot share a batch. */
  readonly shapeKey: string;
}

/** A queue to look at, in the order of service. An array is one. */
export interface QueueView {
  readonly length: number;
  at(index: number): Batchable | undefined;
}

export interface BatchRules {
  /** At least 1. */
  readonly maxBatchSize: number;
  /** Sizes worth stopping at; not empty. */
  readonly preferredBatchSizes: readonly number[];
  /** How long the oldest request may be held while waiting for more; 0 = not at all. */
  readonly maxQueueDelay: Nanoseconds;
}

/** Take that many requests from the head of the queue now, look again later, or nothing is there. */
type BatchDecision =
  | { readonly kind: 'send'; readonly count: number /** No later request could join. */; readonly isFull?: boolean }
  | { readonly kind: 'wait'; readonly until: Nanoseconds }
  | { readonly kind: 'empty' };

/** Decides what an idle instance does next. */
export type FormBatch = (queue: QueueView, now: Nanoseconds) => BatchDecision;

const sendOne: BatchDecision = { kind: 'send', count: 1, isFull: true };
const empty: BatchDecision = { kind: 'empty' };

/** The default scheduler: each request runs alone, in the order of arrival (model configuration, 7.1). */
export const formSingle: FormBatch = (queue) => (queue.length > 0 ? sendOne : empty);

/** The dynamic batcher (model configuration, 7.2). */
export function formDynamicBatch(rules: BatchRules): FormBatch {
  const preferred = new Set(rules.preferredBatchSizes);
  const largest = Math.max(...rules.preferredBatchSizes);
  return (queue, now) => {
    const walk = walkQueue(queue, { preferred, largest, maxBatchSize: rules.maxBatchSize });
    if (walk.count === 0) return empty;
    const isFull = walk.isClosed || walk.size >= rules.maxBatchSize;
    const send = (count: number): BatchDecision => ({ kind: 'send', count, isFull });
    const deadline = rules.maxQueueDelay > 0 ? ns(oldestOf(queue, walk.count) + rules.maxQueueDelay) : now;
    const mayHold = now < deadline;
    const exceeded = rules.maxQueueDelay > 0 && !mayHold;
    if (walk.best !== undefined && !exceeded) return send(walk.best);
    if (walk.isClosed || walk.size >= largest || !mayHold) return send(walk.count);
    return { kind: 'wait', until: deadline };
  };
}

/** When the oldest of the first requests arrived: not always the first one, because of priorities and DELAY. */
function oldestOf(queue: QueueView, count: number): Nanoseconds {
  let oldest = Number.POSITIVE_INFINITY;
  for (let index = 0; index < count; index++) oldest = Math.min(oldest, queue.at(index)?.enqueuedAt ?? oldest);
  return ns(oldest);
}

interface Walk {
  /** Requests accepted, and the rows they hold. */
  readonly count: number;
  readonly size: number;
  /** Requests up to the best cut, if a preferred size was met or overshot. */
  readonly best: number | undefined;
  /** The next request cannot join: waiting longer is of no use. */
  readonly isClosed: boolean;
}

function walkQueue(
  queue: QueueView,
  rules: { readonly preferred: ReadonlySet<number>; readonly largest: number; readonly maxBatchSize: number },
): Walk {
  const first = queue.at(0);
  let count = 0;
  let size = 0;
  let best: number | undefined;
  for (let next = first; next !== undefined; next = queue.at(count)) {
    const joined = size + next.batchSize;
    if (count > 0) {
      if (joined > rules.largest) best ??= count;
      if (joined > rules.maxBatchSize || next.shapeKey !== first?.shapeKey) {
        return { count, size, best, isClosed: true };
      }
    }
    size = joined;
    count++;
    if (rules.preferred.has(size)) best = count;
  }
  return { count, size, best, isClosed: false };
}
