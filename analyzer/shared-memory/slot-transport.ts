import type { OpenTransport } from '../wire/transport.js';

/**
 * A transport over one whose requests are prepared once for each of `slots`: number `request * slots + slot`. Every
 * request in flight has a slot of its own.
 *
 * @param onOpen gets how to look up the slot of a request in flight by its token
 */
export function slotTransport(
  open: OpenTransport,
  slots: number,
  onOpen: (slotOf: (token: number) => number | undefined) => void,
): OpenTransport {
  return (options) => {
    const free = Array.from({ length: slots }, (_, index) => slots - 1 - index);
    const taken = new Map<number, number>();
    onOpen((token) => taken.get(token));
    const transport = open({
      ...options,
      onReply: (token, failure, firstAt, lastAt) => {
        const slot = taken.get(token);
        taken.delete(token);
        if (slot !== undefined) free.push(slot);
        options.onReply(token, failure, firstAt, lastAt);
      },
    });
    return {
      send: (request, token) => {
        const slot = free.pop();
        if (slot === undefined) throw new RangeError(`more than ${slots} requests in flight`);
        taken.set(token, slot);
        transport.send(request * slots + slot, token);
      },
      [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
    };
  };
}
