import { ns } from '../../../core/units.js';
import type { SequenceBatching } from '../../../protocol/model-config.js';
import { type FormBatch, formDynamicBatch, formSingle } from '../form-batch.js';
import { formSlotBatch } from './form-slot-batch.js';
import type { SequenceStrategy } from './sequence-scheduler.js';

type Oldest = NonNullable<SequenceBatching['oldest']>;

/**
 * The strategy that a configuration asks for.
 *
 * @param batcher normalised and validated
 * @param maxBatchSize 0 = the model has no batch dimension
 */
export function strategyOf({ direct, oldest }: SequenceBatching, maxBatchSize: number): SequenceStrategy {
  const rows = Math.max(1, maxBatchSize);
  if (oldest !== undefined) {
    return {
      kind: 'oldest',
      slotCount: oldest.max_candidate_sequences || rows,
      formBatch: maxBatchSize === 0 ? formSingle : batchOldest(oldest, maxBatchSize),
      preserveOrdering: oldest.preserve_ordering,
    };
  }
  const minimumUtilization = direct?.minimum_slot_utilization ?? 0;
  const maxQueueDelay = ns((direct?.max_queue_delay_microseconds ?? 0) * 1e3);
  return {
    kind: 'direct',
    slotCount: rows,
    formBatch: formSlotBatch({ slotCount: rows, minimumUtilization, maxQueueDelay }),
    preserveOrdering: false,
  };
}

const batchOldest = (oldest: Oldest, maxBatchSize: number): FormBatch =>
  formDynamicBatch({
    maxBatchSize,
    preferredBatchSizes: oldest.preferred_batch_size,
    maxQueueDelay: ns(oldest.max_queue_delay_microseconds * 1e3),
  });
