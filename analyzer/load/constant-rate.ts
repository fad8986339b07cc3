import type { RequestRateLoad } from '../../src/core/run.js';

/** So many requests a second, evenly. */
export const constantRate = (requestsPerSecond: number, maxInFlight: number): RequestRateLoad => ({
  kind: 'request-rate',
  requestsPerSecond,
  arrivals: { kind: 'constant' },
  shape: { kind: 'constant' },
  maxInFlight,
});
