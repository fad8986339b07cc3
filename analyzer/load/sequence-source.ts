import { deriveSeed, seededRandom } from '../../src/core/random.js';
import type { SequenceSettings } from '../../src/core/run-settings.js';
import { correlationIds } from './correlation-ids.js';
import { type RunningSequences, runSequences } from './run-sequences.js';
import { planSequences, type SequencePlan } from './sequence-plan.js';
import { type Share, shareOf, whole } from './share.js';

/** The sequences of a run. */
export interface SequenceSource {
  /**
   * For a new load, when the one before has ended: the same lengths and streams, so that levels differ in nothing else, with
   * ids that go on.
   *
   * @param tokens how many requests are in flight at the most, by tokens from 0
   * @param share of the sequences of the load, which others hold the rest of
   */
  begin(loop: 'closed' | 'open', tokens: number, share?: Share): RunningSequences;
}

export interface SequenceSourceOptions {
  readonly settings: SequenceSettings;
  /** How many of the prepared requests each data stream has. */
  readonly streams: readonly number[];
  readonly seed: number;
  /** What the numbers of the requests of a lane begin at, where not all are for the same server; 0 unless given. */
  readonly firstOf?: ((lane: number, share: Share) => number) | undefined;
  /** Of the ids, where other senders have the rest; absent: all of them. */
  readonly share?: Share;
}

/** In a closed loop every request in flight is of a sequence of its own; in an open one `concurrent` sequences share the rate. */
export function sequenceSource(options: SequenceSourceOptions): SequenceSource {
  const { settings, streams, seed, firstOf = () => 0, share: own = whole } = options;
  const ids = correlationIds(settings.firstId + own.index, shareOf(settings.idCount, own), own.of);
  return {
    begin: (loop, tokens, share = whole) => {
      ids.releaseAll();
      return runSequences({
        plan: shareOfPlan(planSequences(settings, streams, seededRandom(deriveSeed(seed, 'sequences'))), share),
        ids,
        tokens,
        lanes: loop === 'closed' ? tokens : shareOf(settings.concurrent, share),
        isSerial: loop === 'closed' || settings.isSerial,
        isOwnLane: loop === 'closed',
        firstOf: (lane) => firstOf(lane, share),
      });
    },
  };
}

/** Of so many sequences in a row, the one at the share's place. */
function shareOfPlan(plan: SequencePlan, { index, of }: Share): SequencePlan {
  let toSkip = index;
  return () => {
    for (; toSkip > 0; toSkip--) plan();
    toSkip = of - 1;
    return plan();
  };
}
