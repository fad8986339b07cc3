import type { Random } from '../../src/core/random.js';
import type { SequenceSettings } from '../../src/core/run-settings.js';

/** What a sequence will be. */
export interface PlannedSequence {
  /** The first prepared request of its data stream. */
  readonly firstRequest: number;
  /** How many steps the stream has; behind the last one the first follows. */
  readonly steps: number;
  /** How many requests it has. */
  readonly length: number;
}

/** Each call gives the next sequence of a load. */
export type SequencePlan = () => PlannedSequence;

/**
 * The data streams in turn, each from its first step. Without a length a sequence is as long as its stream; else all whole
 * lengths within the variation are equally likely, and none is below 1.
 *
 * @param streams how many prepared requests each of them has; they lie one behind the other
 */
export function planSequences(
  settings: Pick<SequenceSettings, 'length' | 'lengthVariationPercent'>,
  streams: readonly number[],
  random: Random,
): SequencePlan {
  const { length: meanLength, lengthVariationPercent } = settings;
  let stream = 0;
  let following = 0;
  return () => {
    const steps = streams[stream] ?? 1;
    const firstRequest = following;
    stream++;
    following += steps;
    if (stream === streams.length) {
      stream = 0;
      following = 0;
    }
    const length = meanLength === undefined ? steps : varied(meanLength, lengthVariationPercent, random);
    return { firstRequest, steps, length };
  };
}

function varied(length: number, percent: number, random: Random): number {
  const most = Math.floor((length * percent) / 100 + tolerance);
  return Math.max(1, length - most + Math.floor(random() * (2 * most + 1)));
}

/** So that 7 % of 100 are 7. */
const tolerance = 1e-9;
