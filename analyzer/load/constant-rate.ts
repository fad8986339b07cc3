import type { RequestRateLoad } from '../../src/core/load.js';

/** So many requests a second, evenly. */
export const constantRate = (requestsPerSecond: number, maxInFlight: number): RequestRateLoad => ({
  kind: 'request-rate',
  requestsPerSecond,
  arrivals: { kind: 'constant' },
  shape: { kind: 'constant' },
  maxInFlight,
});
