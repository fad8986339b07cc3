import type { Metric } from './metrics.js';

/** A metric to make better, and how much it counts beside the others. */
export interface Objective {
  readonly metric: Metric;
  readonly weight: number;
}

/** What a metric must keep; at least one of the two bounds. A value that equals a bound keeps it. */
export interface Constraint {
  readonly metric: Metric;
  readonly min?: number;
  readonly max?: number;
}

/** What a search looks for. */
export interface Goal {
  readonly objectives: readonly Objective[];
  readonly constraints: readonly Constraint[];
}
