import { regularizedBeta } from './distributions.js';

/** What was seen at one rate. */
export interface RateProbe {
  readonly rate: number;
  readonly requests: number;
  /** Of these: over the limit. */
  readonly over: number;
  /** So many independent requests would say as much. */
  readonly effectiveRequests: number;
  /** The server did not keep up: whatever the latencies were, the rate is too high. */
  readonly isSaturated: boolean;
  /** Requests a second that were answered: when it did not keep up, about its capacity. */
  readonly achieved?: number;
}

/** With such a chance a probe bounds the rate. */
export const sure = 0.95;

/**
 * How likely a percentile is within a limit, given how many of so many requests were over it: with Jeffreys' prior the share over the
 * limit has a Beta(over + 1/2, total - over + 1/2) distribution.
 *
 * @param percentile a share
 */
export function chanceWithin(probe: RateProbe, percentile: number): number {
  const { over, within } = independent(probe);
  return probe.isSaturated ? 0 : regularizedBeta(1 - percentile, over + 0.5, within + 0.5);
}

/** As many independent requests as say the same. */
export function independent({ requests, over, effectiveRequests }: RateProbe): { over: number; within: number } {
  const share = requests === 0 ? 0 : effectiveRequests / requests;
  return { over: over * share, within: (requests - over) * share };
}
