import { type Share, whole } from './share.js';

/**
 * Gives the number of the prepared request that is sent, or dropped, next.
 *
 * @param slot of a closed loop, the sender's slot that sends it; of an open loop always 0
 * @param turn how many requests all senders of the load have taken before; absent where they do not count together
 */
export type NextRequest = (slot: number, turn?: number) => number;

/**
 * In which order the prepared requests are sent; each load starts from the beginning.
 *
 * @param share of the load, where several senders hold it together; the whole unless given
 */
export type RequestOrder = (share?: Share) => NextRequest;

/** One after the other, and behind the last the first; all shares together send them so. */
export function inTurn(requestCount: number): RequestOrder {
  return ({ index, of } = whole) => {
    let following = index;
    return (_slot, turn = following) => {
      following = turn + of;
      return turn % requestCount;
    };
  };
}
