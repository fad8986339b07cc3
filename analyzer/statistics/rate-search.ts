import { type RateEstimate, ratePosterior } from './rate-posterior.js';
import { chanceWithin, type RateProbe, sure } from './rate-probe.js';

/** Asks for rates and is told what a probe at each of them showed. */
export interface RateSearch {
  /** Absent: nothing more is to be learned, or the probes are used up. */
  next(): number | undefined;
  tell(probe: RateProbe): void;
  /** Absent before the first probe. */
  estimate(): RateFound | undefined;
}

export interface RateFound extends RateEstimate {
  /** Some probe missed the limit, and some met it: without both the rate is only bounded from one side. */
  readonly isBracketed: boolean;
}

export interface RateSearchOptions {
  /** The first rate. */
  readonly start: number;
  /** Of the limit: a share. */
  readonly percentile: number;
  readonly mostProbes?: number;
  /** The search ends when the interval is so narrow: high / low - 1. */
  readonly width?: number;
}

/** Until some probe surely misses (or, after that, until one meets), the rate is multiplied (or divided) by this. */
const bracketFactor = 4;
/** What a saturated server achieved is about its capacity: so far below and above it are the next probes. */
const below = 0.85;
const above = 1.1;
/** A rate so far above it that met the limit shows that it was no capacity. */
const trusted = 1.05;

/**
 * Finds the largest rate within a limit: an exponential bracket, which ends above with a sure miss (a few stalls make a miss of any rate that is tested for
 * seconds), shortened by what a saturated server achieved, and then always the middle of
 * what `ratePosterior` makes of all probes, so that a probe that had bad luck is made good by those beside it.
 */
export function rateSearch({ start, percentile, mostProbes = 12, width = 0.04 }: RateSearchOptions): RateSearch {
  const probes: RateProbe[] = [];
  let highestMet: number | undefined;
  let lowestMissed: number | undefined;
  let highest: number | undefined;
  let isSurelyMissed = false;
  let capacity: number | undefined;

  const estimate = (): RateFound | undefined =>
    probes.length === 0
      ? undefined
      : { ...ratePosterior(probes, percentile), isBracketed: highestMet !== undefined && lowestMissed !== undefined };

  /** Below the lowest miss, while no probe met the limit. */
  const lower = (missed: number): number => {
    if (capacity === undefined) return missed / bracketFactor;
    return below * capacity < missed ? below * capacity : missed / 2;
  };

  /** Between the highest rate that met the limit and the lowest that missed it. */
  const between = (met: number): number | undefined => {
    const { rate, low, high } = ratePosterior(probes, percentile);
    if (high / low - 1 <= width) return undefined;
    return capacity !== undefined && met < trusted * capacity ? Math.min(rate, above * capacity) : rate;
  };

  const bracketing = (): number => {
    if (isSurelyMissed && lowestMissed !== undefined) return lower(lowestMissed);
    return highest === undefined ? start : highest * bracketFactor;
  };

  return {
    next: () => {
      if (probes.length >= mostProbes) return undefined;
      return highestMet === undefined || !isSurelyMissed ? bracketing() : between(highestMet);
    },
    tell: (probe) => {
      probes.push(probe);
      highest = Math.max(probe.rate, highest ?? probe.rate);
      const chance = chanceWithin(probe, percentile);
      if (chance <= 1 - sure) isSurelyMissed = true;
      if (chance >= 0.5) highestMet = Math.max(probe.rate, highestMet ?? probe.rate);
      else lowestMissed = Math.min(probe.rate, lowestMissed ?? probe.rate);
      const { achieved } = probe;
      if (probe.isSaturated && achieved !== undefined) capacity = Math.min(achieved, capacity ?? achieved);
    },
    estimate,
  };
}
