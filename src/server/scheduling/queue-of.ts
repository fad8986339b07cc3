import type { DynamicBatching } from '../../protocol/model-config.js';
import { PolicyQueue } from './policy-queue.js';
import { PriorityQueue } from './priority-queue.js';
import { isLimiting, readQueuePolicy } from './queue-policy.js';
import { RequestQueue } from './request-queue.js';
import type { WaitingQueue } from './waiting-queue.js';

/**
 * The queue that a configuration asks for: the plain one unless it has levels or limits, so that only those who use
 * them pay for them.
 *
 * @param batcher validated; `undefined` = the default scheduler, which knows neither
 */
export function queueOf(batcher: DynamicBatching | undefined): WaitingQueue {
  if (batcher === undefined) return new RequestQueue();
  const defaultPolicy = readQueuePolicy(batcher.default_queue_policy);
  if (batcher.priority_levels > 0) {
    return new PriorityQueue({
      levels: batcher.priority_levels,
      defaultLevel: batcher.default_priority_level,
      policyOf: (level) => {
        const own = batcher.priority_queue_policy[String(level)];
        return own === undefined ? defaultPolicy : readQueuePolicy(own);
      },
    });
  }
  return isLimiting(defaultPolicy) ? new PolicyQueue(defaultPolicy) : new RequestQueue();
}
