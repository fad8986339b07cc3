import type { Measured } from './run.js';

/** Two bounds, in the unit of the figure. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Half the width of an interval as a share of its middle. */
export const relativeHalfWidth = ({ low, high }: Interval): number => (high - low) / Math.abs(high + low);

/** Whether the sample is large enough to say anything about a percentile. */
export type PercentileCertainty =
  /** The interval is absent when only the percentile itself is supported, at a lower confidence than that of the intervals. */
  | { readonly isSupported: true; readonly intervalMs?: Interval }
  | { readonly isSupported: false; readonly needsRequests: number };

/** Whether latency and throughput stayed where they were. */
export interface SteadinessVerdict {
  readonly verdict: 'steady' | 'not-steady' | 'undecided';
  /** The series that is not steady, and what it does. */
  readonly about?: 'latency' | 'throughput';
  readonly reason?: 'drift' | 'oscillation';
  /** By how much mean latency and throughput rose over the stretch, in per cent, with the interval of that. */
  readonly latencyDriftPercent?: Interval;
  readonly throughputDriftPercent?: Interval;
}

/** How sure the summary of a level is. */
export interface Certainty {
  /** Of all intervals together with those at which the level might have ended: e.g. 0.95. */
  readonly confidence: number;
  /** The chance of error that was left for this look; 1 - confidence when there was but one. */
  readonly alpha: number;
  /** So many independent requests would say as much about mean latency. */
  readonly effectiveRequests: number;
  /** Inferences per second; absent, as `meanMs`, with fewer than 20 requests. */
  readonly throughput?: Interval;
  readonly meanMs?: Interval;
  /** By percentile in per cent, as in `percentilesMs` of the summary, which holds those of the sample, supported or not. */
  readonly percentiles: Readonly<Record<string, PercentileCertainty>>;
  readonly steadiness: SteadinessVerdict;
  /** What was cut off at the beginning of the level. */
  readonly warmUpMs: number;
}

/** Whether a percentile of a summary may be shown. Without a certainty (a stored run of an earlier version) it may. */
export const unsupported = (
  certainty: Certainty | undefined,
  percentile: number | string,
): Extract<PercentileCertainty, { isSupported: false }> | undefined => {
  const found = certainty?.percentiles[String(percentile)];
  return found?.isSupported === false ? found : undefined;
};

/** A percentile of latency that may be shown; absent when the level has too few requests for it. */
export const supportedMs = (
  { summary, certainty }: { readonly summary: Pick<Measured, 'latency'>; readonly certainty?: Certainty },
  percentile: number,
): number | undefined =>
  unsupported(certainty, percentile) === undefined ? summary.latency?.percentilesMs[String(percentile)] : undefined;
