import { chanceWithin, type RateEstimate, type RateProbe, ratePosterior } from './rate-posterior.js';

/** Asks for rates and is told what a probe at each of them showed. */
export interface RateSearch {
  /** Absent: nothing more is to be learned, or the probes are used up. */
  next(): number | undefined;
  /** @param achieved requests a second that were answered: of a saturated probe a hint, no more, of where to look next */
  tell(probe: RateProbe, achieved?: number): void;
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

/** Until some probe misses (or, after a miss, until one meets), the rate is multiplied (or divided) by this. */
const bracketFactor = 4;
/** What a saturated server achieved is about its capacity: so far below and above it are the next probes. */
const below = 0.85;
const above = 1.1;
/** A rate so far above it that met the limit shows that it was no capacity. */
const trusted = 1.05;

/**
 * Finds the largest rate within a limit: an exponential bracket, shortened by what a saturated server achieved, and then always the middle of
 * what `ratePosterior` makes of all probes, so that a probe that had bad luck is made good by those beside it.
 */
export function rateSearch({ start, percentile, mostProbes = 12, width = 0.04 }: RateSearchOptions): RateSearch {
  const probes: RateProbe[] = [];
  let highestMet: number | undefined;
  let lowestMissed: number | undefined;
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
    if (lowestMissed !== undefined) return lower(lowestMissed);
    return highestMet === undefined ? start : highestMet * bracketFactor;
  };

  return {
    next: () => {
      if (probes.length >= mostProbes) return undefined;
      return highestMet === undefined || lowestMissed === undefined ? bracketing() : between(highestMet);
    },
    tell: (probe, achieved) => {
      probes.push(probe);
      if (chanceWithin(probe, percentile) >= 0.5) highestMet = Math.max(probe.rate, highestMet ?? probe.rate);
      else lowestMissed = Math.min(probe.rate, lowestMissed ?? probe.rate);
      if (probe.isSaturated && achieved !== undefined) capacity = Math.min(achieved, capacity ?? achieved);
    },
    estimate,
  };
}
