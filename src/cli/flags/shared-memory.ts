import { largestInFlight } from '../../../analyzer/load/level-range.js';
import type { LoadSettings } from '../../core/load.js';
import { PerfError } from '../../core/perf-error.js';
import type { SharedMemorySettings } from '../../core/run-settings.js';
import { badFlag, parseInteger } from './parse.js';

/** The flags about shared memory, as text. */
export interface SharedMemoryFlags {
  readonly sharedMemory: string;
  readonly outputSharedMemorySize: string;
}

/** @throws PerfError `usage` for a value that is not understood, for CUDA, and for a load without a limit */
export function parseSharedMemory(
  { sharedMemory, outputSharedMemorySize }: SharedMemoryFlags,
  load: LoadSettings,
): SharedMemorySettings {
  const outputBytes = parseInteger('--output-shared-memory-size', outputSharedMemorySize, 1);
  switch (sharedMemory) {
    case 'none':
      return { kind: 'none' };
    case 'system':
      slotsFor(load, undefined);
      return { kind: 'system', outputBytes };
    case 'cuda':
      throw new PerfError('usage', 'Cannot use --shared-memory cuda: expected none or system, got cuda', {
        hint: 'This client runs without GPU libraries. Use --shared-memory system, or none.',
      });
    default:
      throw badFlag('--shared-memory', 'none or system', sharedMemory);
  }
}

/** So many requests that took too long may have regions that the server may still write into, beside those in flight. */
const largestSpare = 64;

/**
 * How many requests can be in flight at a time, each of which needs a region for its outputs; with a time limit, others are spare.
 *
 * @throws PerfError `usage` when there is no limit
 */
export function slotsFor(load: LoadSettings, requestTimeoutMs: number | undefined): number {
  const slots = largestInFlight(load);
  if (slots !== undefined) return requestTimeoutMs === undefined ? slots : slots + Math.min(slots, largestSpare);
  throw new PerfError(
    'usage',
    'Cannot use --shared-memory system with an open --concurrency-range: expected an end, got 0',
    { hint: 'Each request in flight needs a region, which is registered before the load begins.' },
  );
}
