import { binomialCdf } from './distributions.js';

/**
 * How many queries show that a percentile is within a limit. The rule of MLPerf's LoadGen (Reddi et al., "MLPerf Inference
 * Benchmark", 2020; early stopping in `loadgen/early_stopping.cc`): with h queries within the limit and t over it, the percentile p is within the
 * limit at confidence c iff P[Binomial(h + t, 1 - p) <= t] <= 1 - c.
 */
export interface PercentileClaim {
  /** A share, e.g. 0.99. */
  readonly percentile: number;
  /** A share, e.g. 0.99. */
  readonly confidence: number;
}

/** How likely at most `over` of `total` queries are over the limit, when the percentile is just at it. */
export const chanceOfSoFew = (total: number, over: number, percentile: number): number =>
  binomialCdf(over, total, 1 - percentile);

/** How likely at least `over` of `total` queries are over the limit, when the percentile is just at it. */
export const chanceOfSoMany = (total: number, over: number, percentile: number): number =>
  1 - binomialCdf(over - 1, total, 1 - percentile);

/** @returns whether so few queries over the limit among so many prove the claim */
export const provesWithin = (total: number, over: number, { percentile, confidence }: PercentileClaim): boolean =>
  chanceOfSoFew(total, over, percentile) <= 1 - confidence + rounding;

/** 1 - 0.99 is not 0.01. */
const rounding = 1e-12;

/** The smallest total with which `over` queries over the limit prove the claim: p99 at 99 % with none over takes 459. */
export function neededTotal(over: number, claim: PercentileClaim): number {
  let high = over + 1;
  while (!provesWithin(high, over, claim)) high *= 2;
  let low = over;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (provesWithin(middle, over, claim)) high = middle;
    else low = middle;
  }
  return high;
}

/**
 * How many of the slowest queries are left out before the slowest of the others estimates the percentile from above at the confidence of the
 * claim: t - 1, where t is the largest number of queries over a limit with which so many in total prove it (`early_stopping` of LoadGen's
 * `results.cc`).
 *
 * @returns absent when there are too few queries for an estimate: with one over the limit p90 at 99 % takes 64, p99 662
 */
export function discardedQueries(total: number, claim: PercentileClaim): number | undefined {
  let most = 0;
  for (let step = total; step >= 1; step = Math.floor(step / 2)) {
    while (most + step <= total && provesWithin(total, most + step, claim)) most += step;
  }
  return most === 0 ? undefined : most - 1;
}
