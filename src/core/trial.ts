/** The value of a dimension. */
export type SettingValue = number | string;

/** One point of a search space: a value for every dimension that applies to it. The load is a dimension like any other. */
export type Candidate = Readonly<Record<string, SettingValue>>;

/** Measured values by metric tag (`searcher/goal/metrics.ts` has their units). What is not in it was not measured. */
export type Metrics = Readonly<Partial<Record<string, number>>>;

/** A stretch of a measurement: what its figures were made from, or what came before they were steady. */
export interface TrialWindow {
  /** Since the measurement began. */
  readonly startMs: number;
  readonly durationMs: number;
  readonly throughput: number;
  /** Absent without a valid answer, as is `p99Ms`. */
  readonly meanMs?: number;
  readonly p99Ms?: number;
  /** It is among those that the metrics are of. */
  readonly isCounted: boolean;
}

/** When a first look at a candidate may end early, since nothing longer could make it the best; a bound that is absent does not exist. */
export interface Hopeless {
  /** Half of the answers take longer, in ms. */
  readonly medianMs?: number;
  /** It brings fewer inferences a second. */
  readonly throughput?: number;
}

/** One measurement of a candidate: what it brought, or why it brought nothing. */
export type Trial =
  | {
      readonly ok: true;
      readonly candidate: Candidate;
      readonly metrics: Metrics;
      readonly seconds: number;
      /** In the order of time; absent where nobody kept them. */
      readonly windows?: readonly TrialWindow[];
      /** It ended before it was steady, for the sake of these bounds. */
      readonly cut?: Hopeless;
    }
  | { readonly ok: false; readonly candidate: Candidate; readonly reason: string; readonly seconds: number };

/** Measures a candidate once. Rejects only when no candidate can be measured any more; what one candidate does is data. */
export type Measure = (candidate: Candidate) => Promise<Trial>;

/** A name for a candidate that is the same whatever the order of its dimensions. */
export const candidateKey = (candidate: Candidate): string =>
  Object.keys(candidate)
    .sort()
    .map((name) => `${name}=${candidate[name]}`)
    .join(' ');

/** Part of the load, not of a configuration. */
export const isLoadName = (name: string): boolean => ['concurrency', 'request_rate', 'batch_size'].includes(name);

/** A candidate without its load: those that are alike have the same configuration. */
export const withoutLoad = (candidate: Candidate): Candidate =>
  Object.fromEntries(Object.entries(candidate).filter(([name]) => !isLoadName(name)));
