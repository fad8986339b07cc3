import { PerfError } from '../../core/perf-error.js';
import type { DynamicBatching, ModelConfig } from '../../protocol/model-config.js';

/**
 * Checks preferred sizes, priority levels and queue policies (model configuration, 3).
 *
 * @throws PerfError with the first rule that is broken
 */
export function validateBatcher(batcher: DynamicBatching, { name, max_batch_size }: ModelConfig): void {
  for (const size of batcher.preferred_batch_size) {
    if (size <= 0) fail(`dynamic batching preferred size must be positive for ${name}`);
    if (size > max_batch_size) fail(`dynamic batching preferred size must be <= max batch size for ${name}`);
  }
  validateLevels(batcher, name);
  if (batcher.preserve_ordering) validateOrdering(batcher, name);
}

function fail(message: string): never {
  throw new PerfError('model', message);
}

function validateLevels(batcher: DynamicBatching, name: string): void {
  const { priority_levels: levels, default_priority_level: defaultLevel } = batcher;
  const isLevel = (level: number) => level >= 1 && level <= levels;
  if (levels > 0 && !isLevel(defaultLevel)) {
    fail(`default priority level must be in range [1, ${levels}] for ${name}`);
  }
  if (!Object.keys(batcher.priority_queue_policy).every((level) => isLevel(Number(level)))) {
    fail(`priority queue policy must have priority level in range [1, ${levels}] for ${name}`);
  }
}

/** Answers in the order of arrival and a service in another order exclude each other. */
function validateOrdering(batcher: DynamicBatching, name: string): void {
  if (batcher.priority_levels > 1) {
    fail(`Only one priority level is allowed when preserve_ordering is true for ${name}`);
  }
  const policies = [batcher.default_queue_policy, ...Object.values(batcher.priority_queue_policy)];
  if (policies.some((policy) => policy?.timeout_action === 'DELAY')) {
    fail(`Queue policy can not have DELAY as timeout_action when preserve_ordering is true for ${name}`);
  }
}
