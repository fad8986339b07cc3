import { varianceInflation } from './autocorrelation.js';
import type { Interval } from './batch-means.js';
import { regularizedBeta } from './distributions.js';
import { neededTotal } from './early-stopping.js';

/** A sample by rank: an array that was sorted, or a histogram. */
export interface OrderedSample {
  readonly count: number;
  /** @param rank 1 is the smallest value, `count` the largest */
  valueAtRank(rank: number): number;
}

/** Sorts a copy. */
export function orderedArray(values: ArrayLike<number>): OrderedSample {
  const sorted = Float64Array.from(values).sort();
  return { count: sorted.length, valueAtRank: (rank) => sorted[rank - 1] ?? Number.NaN };
}

/** @param buckets values in ascending order, with how often each occurs */
export function orderedHistogram(buckets: readonly (readonly [value: number, count: number])[]): OrderedSample {
  const ends: number[] = [];
  let count = 0;
  for (const [, inBucket] of buckets) {
    count += inBucket;
    ends.push(count);
  }
  return { count, valueAtRank: (rank) => buckets[ends.findIndex((end) => end >= rank)]?.[0] ?? Number.NaN };
}

/** Ranks from 1 on. */
export interface RankInterval {
  /** 0: there is no lower bound. */
  readonly low: number;
  /** One more than there are values: there is no upper bound. */
  readonly high: number;
}

/**
 * Between which two values of a sorted sample the true percentile lies, whatever the distribution: the number of values below it is
 * Binomial(n, percentile), so P[value(low) <= percentile <= value(high)] = P[low <= Binomial < high] (David and Nagaraja, "Order
 * Statistics", 7.1). Values that depend on their neighbours count for fewer: the ranks are then those of n / inflation independent
 * ones, stretched to the sample.
 *
 * @param percentile a share, e.g. 0.99
 * @param inflation as `percentileInflation` gives it; 1 for independent values
 */
export function rankInterval(count: number, percentile: number, options: RankOptions): RankInterval {
  const { low, high } = realRanks(count, percentile, options);
  return { low: Math.max(0, Math.floor(low)), high: high > count ? count + 1 : Math.ceil(high) };
}

/** The same between whole ranks, where the chances are just those asked for. */
function realRanks(count: number, percentile: number, { confidence, inflation = 1 }: RankOptions): RankInterval {
  const effective = count / inflation;
  const tail = (1 - confidence) / 2;
  const above = successesAt(1 - tail, effective, percentile);
  return {
    low: successesAt(tail, effective, percentile) * inflation + 1,
    high: above > effective - 1 ? count + 1 : Math.min(count, above * inflation + 1),
  };
}

export interface RankOptions {
  readonly confidence: number;
  readonly inflation?: number;
}

/** The x with P[Binomial(trials, chance) <= x] = share, between integers as the incomplete beta function has it; from -1 on. */
function successesAt(share: number, trials: number, chance: number): number {
  let low = -1;
  let high = trials;
  while (high - low > 1e-6) {
    const middle = (low + high) / 2;
    if (regularizedBeta(1 - chance, trials - middle, middle + 1) < share) low = middle;
    else high = middle;
  }
  return roundedWhenNear((low + high) / 2);
}

const roundedWhenNear = (value: number): number =>
  Math.abs(value - Math.round(value)) < 1e-5 ? Math.round(value) : value;

/**
 * The order-statistic interval of a percentile: at the ranks of `rankInterval`, but between whole ones, in a straight line (Hutson, "Calculating
 * nonparametric confidence intervals for quantiles using fractional order statistics", Journal of Applied Statistics 26, 1999), since the chances
 * of whole ranks come in steps, and are larger than asked for. Where values depend on one another, whole ranks stay: that width makes up for
 * an inflation that is estimated, and in small samples estimated too low.
 *
 * @returns absent when the sample has no value that bounds the percentile from above
 */
export function percentileInterval(
  sample: OrderedSample,
  percentile: number,
  options: RankOptions,
): Interval | undefined {
  const { low, high } = realRanks(sample.count, percentile, options);
  if (high > sample.count) return undefined;
  const isEstimated = (options.inflation ?? 1) > 1;
  return {
    low: valueAt(sample, Math.max(1, isEstimated ? Math.floor(low) : low)),
    high: valueAt(sample, isEstimated ? Math.ceil(high) : high),
  };
}

/** Between two ranks, between their values. */
function valueAt({ valueAtRank }: OrderedSample, rank: number): number {
  const whole = Math.floor(rank);
  const value = valueAtRank(whole);
  return rank === whole ? value : value + (rank - whole) * (valueAtRank(whole + 1) - value);
}

/**
 * By how much the dependence of values in their order widens the interval of a percentile: the variance inflation of "is above
 * it". Never below 1.
 *
 * @param value of the percentile
 */
export function percentileInflation(series: ArrayLike<number>, value: number): number {
  const above = new Uint8Array(series.length);
  for (let index = 0; index < series.length; index++) above[index] = (series[index] ?? 0) > value ? 1 : 0;
  return Math.max(1, varianceInflation(above));
}

/** At this confidence a sample must bound a percentile from above, or it says nothing about it. */
const supportConfidence = 0.99;

/**
 * How many values a sample must have to support a percentile: so many that one of them is above it at 99 % confidence. That is 459
 * for p99 when they are independent.
 */
export const neededRequests = (percentile: number, inflation = 1): number =>
  Math.ceil(neededTotal(0, { percentile, confidence: supportConfidence }) * inflation);
