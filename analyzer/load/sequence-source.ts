import { deriveSeed, seededRandom } from '../../src/core/random.js';
import type { SequenceSettings } from '../../src/core/run.js';
import { correlationIds } from './correlation-ids.js';
import { type RunningSequences, runSequences } from './run-sequences.js';
import { planSequences } from './sequence-plan.js';

/** The sequences of a run. */
export interface SequenceSource {
  /**
   * For a new load, when the one before has ended: the same lengths and streams, so that levels differ in nothing else, with
   * ids that go on.
   *
   * @param tokens how many requests are in flight at the most, by tokens from 0
   */
  begin(loop: 'closed' | 'open', tokens: number): RunningSequences;
}

export interface SequenceSourceOptions {
  readonly settings: SequenceSettings;
  /** How many of the prepared requests each data stream has. */
  readonly streams: readonly number[];
  readonly seed: number;
}

/** In a closed loop every request in flight is of a sequence of its own; in an open one `concurrent` sequences share the rate. */
export function sequenceSource({ settings, streams, seed }: SequenceSourceOptions): SequenceSource {
  const ids = correlationIds(settings.firstId, settings.idCount);
  return {
    begin: (loop, tokens) => {
      ids.releaseAll();
      return runSequences({
        plan: planSequences(settings, streams, seededRandom(deriveSeed(seed, 'sequences'))),
        ids,
        tokens,
        lanes: loop === 'closed' ? tokens : settings.concurrent,
        isSerial: loop === 'closed' || settings.isSerial,
      });
    },
  };
}
