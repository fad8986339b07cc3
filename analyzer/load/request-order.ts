import { seededRandom } from '../../src/core/random.js';
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

/**
 * The request of each turn; of the turns each share takes its own.
 *
 * @param begin gives the request of a turn, and is asked for turns in ascending order
 */
export function byTurn(begin: () => (turn: number) => number): RequestOrder {
  return ({ index, of } = whole) => {
    const requestAt = begin();
    let following = index;
    return (_slot, turn = following) => {
      following = turn + of;
      return requestAt(turn);
    };
  };
}

/** One after the other, and behind the last the first; all shares together send them so. */
export const inTurn = (requestCount: number): RequestOrder => byTurn(() => (turn) => turn % requestCount);

/** Any of them each time, whatever was sent before: as MLPerf's LoadGen draws samples, with replacement. */
export const drawn = (requestCount: number, seed: number): RequestOrder =>
  byTurn(() => {
    const random = seededRandom(seed);
    let draws = 0;
    let last = 0;
    return (turn) => {
      for (; draws <= turn; draws++) last = Math.floor(random() * requestCount);
      return last;
    };
  });
