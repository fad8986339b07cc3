import type { LoadEvents } from '../load/outcome.js';
import type { PlannedLoad } from '../load/plan-load.js';
import { type PrepareLoadOptions, prepareLoad } from '../load/prepare-load.js';
import type { RequestOrder } from '../load/request-order.js';
import type { ReadyLoad } from '../load/sender.js';
import type { SequenceSource } from '../load/sequence-source.js';
import { type Share, shareOf, shareOfLoad } from '../load/share.js';

export interface ShareOrder {
  /** The whole load. */
  readonly planned: PlannedLoad;
  readonly share: Share;
  readonly events: LoadEvents;
  /** Of all shares together. */
  readonly limit: number | undefined;
  /** How many requests the shares of a closed loop with a limit have taken, together. */
  readonly taken: Int32Array | undefined;
}

/**
 * Prepares a share of a load. All shares of an open loop together send what the whole would, each request at its time and with
 * its data. Shares of a closed loop with a limit take one request after the other from what is left, so that the load is held
 * until the last; the order of the data is the whole's.
 */
export function prepareShare(
  { planned, share, events, limit, taken }: ShareOrder,
  options: PrepareLoadOptions,
): Promise<ReadyLoad> {
  const part = shareOfLoad(planned, share);
  const sequences = options.sequences && shareOfSequences(options.sequences, share);
  const order: RequestOrder = () => options.order(share);
  if (limit !== undefined && taken !== undefined) {
    return prepareLoad({ planned: part, events }, { ...options, sequences, ...turnsTogether(order, limit, taken) });
  }
  return prepareLoad(
    { planned: part, events, limit: limit === undefined ? undefined : shareOf(limit, share) },
    { ...options, sequences, order },
  );
}

const shareOfSequences = ({ begin }: SequenceSource, share: Share): SequenceSource => ({
  begin: (loop, tokens) => begin(loop, tokens, share),
});

/** All shares take their turns from one count. */
function turnsTogether(
  order: RequestOrder,
  limit: number,
  taken: Int32Array,
): Pick<PrepareLoadOptions, 'order' | 'takeTurn'> {
  let turn = 0;
  return {
    takeTurn: () => {
      turn = Atomics.add(taken, 0, 1);
      return turn < limit;
    },
    order: () => {
      const next = order();
      return (slot) => next(slot, turn);
    },
  };
}
