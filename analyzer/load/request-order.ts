/**
 * Gives the number of the prepared request that is sent, or dropped, next.
 *
 * @param slot of a closed loop, the slot that sends it; of an open loop always 0
 */
export type NextRequest = (slot: number) => number;

/** In which order the prepared requests are sent; each load starts from the beginning. */
export type RequestOrder = () => NextRequest;

/** One after the other, and behind the last the first. */
export function inTurn(requestCount: number): RequestOrder {
  return () => {
    let next = 0;
    return () => {
      const request = next;
      next = request + 1 === requestCount ? 0 : request + 1;
      return request;
    };
  };
}
