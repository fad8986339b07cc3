import type { Interval } from './batch-means.js';

/** Figures of one level of a closed loop. */
export interface ClosedLoopLevel {
  readonly concurrency: number;
  /** Requests a second. */
  readonly rate: number;
  readonly meanSeconds: number;
  /** Absent when unknown. */
  readonly rateInterval?: Interval;
  readonly meanInterval?: Interval;
}

export interface SaturationPoint {
  readonly concurrency: number;
  readonly interval?: Interval;
}

/**
 * The saturation point N* of a closed loop (Denning and Buzen, "The Operational Analysis of Queueing Network Models", ACM Computing
 * Surveys 10, 1978): throughput has two asymptotes, N / R at light load, R being the latency of a server that is hardly used, and the
 * bottleneck's capacity X at heavy load, which cross at N* = X x R. Below it capacity lies idle; above it requests queue.
 *
 * @param levels at least one; the one with the least concurrency tells R, the one with the highest rate tells X
 */
export function saturationPoint(levels: readonly ClosedLoopLevel[]): SaturationPoint | undefined {
  const light = minBy(levels, ({ concurrency }) => concurrency);
  const heavy = minBy(levels, ({ rate }) => -rate);
  if (light === undefined || heavy === undefined) return undefined;
  const concurrency = heavy.rate * light.meanSeconds;
  const [rate, mean] = [heavy.rateInterval, light.meanInterval];
  if (rate === undefined || mean === undefined) return { concurrency };
  return { concurrency, interval: { low: rate.low * mean.low, high: rate.high * mean.high } };
}

const minBy = <Item>(items: readonly Item[], of: (item: Item) => number): Item | undefined =>
  items.reduce<Item | undefined>(
    (least, item) => (least === undefined || of(item) < of(least) ? item : least),
    undefined,
  );
