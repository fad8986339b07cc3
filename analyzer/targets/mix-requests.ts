import { inTurn, type NextRequest, type RequestOrder } from '../load/request-order.js';
import { weightedCycle } from '../weighted-cycle.js';
import { requestsOfServer, type Targets } from './targets.js';

/**
 * How requests are shared. In an open loop they go to the servers in turn. In a closed loop the requests in flight are dealt
 * out to the servers once, and each sends to its own server only: one that is slow, or gone, has no part in the load of the
 * others. The requests of each server go to the models by smooth weighted round-robin, and the prepared requests of each model
 * are sent in turn, whichever server they go to. Weights are met to a thousandth, those in small whole proportions exactly.
 */
export function mixRequests(targets: Targets, loop: 'closed' | 'open'): RequestOrder {
  const { models, urls } = targets;
  const weights = models.map(({ weight }) => weight);
  const cycle = Uint32Array.from(weightedCycle(weights, 1));
  const firsts = models.map((_, model) => requestsOfServer({ urls, models: models.slice(0, model) }));
  const perServer = requestsOfServer(targets);
  return () => {
    const serverInTurn = inTurn(urls.length)();
    const requests = models.map(({ requestCount }) => inTurn(requestCount)());
    const mixes = urls.map((_, server) => modelsFrom(cycle, Math.floor((server * cycle.length) / urls.length)));
    return (slot) => {
      const server = loop === 'closed' ? slot % urls.length : serverInTurn(slot);
      const model = mixes[server]?.(slot) ?? 0;
      return server * perServer + (firsts[model] ?? 0) + (requests[model]?.(slot) ?? 0);
    };
  };
}

/** Each server begins elsewhere in the cycle, so that they do not all turn to the same model at once. */
function modelsFrom(cycle: Uint32Array, start: number): NextRequest {
  const place = inTurn(cycle.length)();
  return (slot) => cycle[(place(slot) + start) % cycle.length] ?? 0;
}
