import { inTurn, type NextRequest, type RequestOrder } from '../load/request-order.js';
import { type Share, whole } from '../load/share.js';
import { weightedCycle } from '../weighted-cycle.js';
import { requestsOfServer, serverOfSlot, type Targets } from './targets.js';

/**
 * How requests are shared. In an open loop they go to the servers in turn. In a closed loop the requests in flight are dealt
 * out to the servers once, and each sends to its own server only: one that is slow, or gone, has no part in the load of the
 * others. The requests of each server go to the models by smooth weighted round-robin, and the prepared requests of each model
 * are sent in turn, whichever server they go to. Weights are met to a thousandth, those in small whole proportions exactly.
 *
 * Shares of an open loop send what the whole would, each its part. In a closed loop nobody knows who is next, so each share
 * goes by the weights itself.
 */
export function mixRequests(targets: Targets, loop: 'closed' | 'open'): RequestOrder {
  const { models, urls } = targets;
  const cycle = Uint32Array.from(
    weightedCycle(
      models.map(({ weight }) => weight),
      1,
    ),
  );
  const firsts = models.map((_, model) => requestsOfServer({ urls, models: models.slice(0, model) }));
  const perServer = requestsOfServer(targets);

  const mixOf = (share: Share, serverOf: (slot: number) => number): NextRequest => {
    const requests = models.map(({ requestCount }) => inTurn(requestCount)(share)); // of its slots, or of all
    const mixes = urls.map((_, server) => {
      const place = (server * share.of + share.index) / (urls.length * share.of);
      return modelsFrom(cycle, Math.floor(place * cycle.length));
    });
    return (slot) => {
      const server = serverOf(slot);
      const model = mixes[server]?.(slot) ?? 0;
      return server * perServer + (firsts[model] ?? 0) + (requests[model]?.(slot) ?? 0);
    };
  };

  if (loop === 'closed') return (share = whole) => mixOf(share, (slot) => serverOfSlot(slot, urls.length, share));
  return (share = whole) => everyNth(mixOf(whole, inTurn(urls.length)()), share);
}

/** Each server, and each share, begins elsewhere in the cycle, so that they do not all turn to the same model at once. */
function modelsFrom(cycle: Uint32Array, start: number): NextRequest {
  const place = inTurn(cycle.length)();
  return (slot) => cycle[(place(slot) + start) % cycle.length] ?? 0;
}

/** As many requests go by as there are other shares for each one that a share sends. */
function everyNth(next: NextRequest, { index, of }: Share): NextRequest {
  let toSkip = index;
  return (slot) => {
    for (; toSkip > 0; toSkip--) next(slot);
    toSkip = of - 1;
    return next(slot);
  };
}
