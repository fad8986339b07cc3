import type { SearchLimit } from './search-result.js';
import type { Candidate } from './trial.js';

/** A latency that is foreseen, in ms. */
export interface ForeseenLatency {
  readonly metric: string;
  readonly ms: number;
  /** How far the simulator was from what was measured, as a share: nine in ten measurements lie within it. */
  readonly error: number;
}

/** What one configuration needs to bear the rate. */
export interface PlanAlternative {
  /** The configuration, without a load. */
  readonly candidate: Candidate;
  /** The largest throughput that was measured of one replica, in inferences a second. */
  readonly capacity: number;
  /** Why no number of replicas suffices; the rest is absent then. */
  readonly refusal?: string;
  /** Those that fail included. */
  readonly replicas?: number;
  readonly cost?: number;
  /** Shares of the capacity, with all replicas and when as many failed as may. */
  readonly utilisation?: number;
  readonly utilisationAfterFailures?: number;
  /** When as many failed as may. */
  readonly latencies?: readonly ForeseenLatency[];
}

/** How many replicas a rate needs. Best first; those that cannot keep the limits last. */
export interface PlanResult {
  readonly format: 'perf-analyze/plan';
  readonly formatVersion: 1;
  readonly tool: { readonly name: string; readonly version: string };
  readonly model: string;
  /** Inferences a second, of all replicas together. */
  readonly targetRate: number;
  readonly limits: readonly SearchLimit[];
  /** The share of the capacity that stays free, also after failures. */
  readonly headroom: number;
  readonly failures: number;
  readonly costPerReplica?: number;
  readonly seed: number;
  readonly alternatives: readonly PlanAlternative[];
}
