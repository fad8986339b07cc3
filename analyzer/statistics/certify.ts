import { chanceOfSoFew, chanceOfSoMany, neededTotal, type PercentileClaim } from './early-stopping.js';
import { endlessAlpha } from './look-plan.js';
import { percentileInflation } from './percentile-interval.js';

/** What is known of a claim: with `confidence` it holds, with `confidence` it does not, or neither yet. */
export type Certified = 'pass' | 'fail' | 'undecided';

/** A test that is taken while the queries come, and ends as soon as it is certain. */
export interface SequentialTest {
  /**
   * Looks if a look is due: a result that is certain stays.
   *
   * @param total queries so far
   * @param over of these, how many were over the limit
   * @param inflation of the variance of their number, asked for when it matters, e.g. `limitInflation`; 1 for independent queries
   */
  look(total: number, over: number, inflation?: () => number): Certified;
  readonly looks: number;
}

/** Each look comes when there are so many times more queries than at the one before. */
const lookFactor = 1.2;
/** Queries that are worth less say nothing: what their dependence is, is then unknown too. */
const fewestEffective = 10;
/** So much of the chance of a false fail is for those that need not wait for hundreds of independent queries. */
const hopelessShare = 0.01;

/**
 * The early-stopping bound of MLPerf's LoadGen, made sequential: it is asked again and again, so the n-th look gets the share
 * alpha / (n x (n + 1)) of the chance of error. Then false passes are at most 1 - confidence whatever the number of looks, and so
 * are false fails. Queries that depend on one another count for fewer: total and over are divided by the inflation. A pass takes hundreds of
 * independent queries, and is looked for when they are there. Where most queries are over the limit, a few show that it fails, at looks of their own.
 */
export function sequentialTest(claim: PercentileClaim): SequentialTest {
  const alpha = 1 - claim.confidence;
  const first = neededTotal(0, { ...claim, confidence: 1 - endlessAlpha(1, alpha) });
  const usual = { looks: 0, due: first };
  const hopeless = { looks: 0, due: first };
  let result: Certified = 'undecided';
  /** The share of the chance of error that a look has; 0: none is due. */
  const shareAt = (plan: typeof usual, total: number): number => {
    if (total < plan.due) return 0;
    plan.looks++;
    plan.due = total * lookFactor;
    return endlessAlpha(plan.looks, alpha);
  };
  return {
    get looks() {
      return usual.looks;
    },
    look: (total, over, inflationOf = () => 1) => {
      if (result !== 'undecided' || total < usual.due) return result; // effective queries are no more than all
      const inflation = inflationOf();
      const effective = total / inflation;
      const share = shareAt(usual, effective);
      const isHopeless = over > total / 2 && effective >= fewestEffective;
      const failShare = (1 - hopelessShare) * share + hopelessShare * (isHopeless ? shareAt(hopeless, total) : 0);
      if (share > 0 && chanceOfSoFew(effective, over / inflation, claim.percentile) <= share) result = 'pass';
      else if (failShare > 0 && chanceOfSoMany(effective, over / inflation, claim.percentile) <= failShare)
        result = 'fail';
      return result;
    },
  };
}

/**
 * By how much dependence inflates the variance of the number of values above a limit. Values above it come in clusters, which those
 * that are rare, or that have not been seen yet, do not show: so that of values above the sample's median and its p90 counts too.
 */
export function limitInflation(series: ArrayLike<number>, limit: number): number {
  const sorted = Float64Array.from(series).sort();
  const thresholds = [
    limit,
    sorted[Math.floor(0.5 * sorted.length)] ?? limit,
    sorted[Math.floor(0.9 * sorted.length)] ?? limit,
  ];
  return Math.max(1, ...thresholds.map((threshold) => percentileInflation(series, threshold)));
}
