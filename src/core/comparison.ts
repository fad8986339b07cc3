/** How a figure changed: beyond the noise, surely by little, or neither can be said. `missing`: one side has no figure. */
export type ChangeKind = 'better' | 'worse' | 'same' | 'undecided' | 'missing';

/** One figure of one level, before and after. */
export interface Change {
  /** In running text, such as `concurrency 4`. */
  readonly level: string;
  /** Such as `perf_latency_p99`. */
  readonly metric: string;
  readonly unit: 'ms' | 'infer/s';
  /** Geometric mean over runs; over windows, the figure of all of them together. Absent where a run has no such figure. */
  readonly base?: number;
  readonly next?: number;
  /** next / base. */
  readonly ratio?: number;
  /** Of the ratio; absent when there is one value only. */
  readonly interval?: { readonly low: number; readonly high: number };
  readonly kind: ChangeKind;
  /** It fails the comparison: missing, or worse by more than is allowed. */
  readonly isRegression: boolean;
}

/** What several runs and several others of the same have to say about each other. */
export interface Comparison {
  /** File names. */
  readonly base: readonly string[];
  readonly next: readonly string[];
  readonly title: string;
  /** What the noise was taken from. */
  readonly replication: 'runs' | 'windows';
  /** Standard deviation of a run that was assumed where windows show the noise. */
  readonly runNoisePercent: number;
  /** Of all intervals together. */
  readonly confidencePercent: number;
  /** What is not the same on both sides, one line each; empty unless that was allowed. */
  readonly differences: readonly string[];
  readonly changes: readonly Change[];
}
