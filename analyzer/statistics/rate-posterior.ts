import { logSum } from './log-sum.js';
import { alike, curveEvidence, queueSlope } from './rate-curve.js';
import { chanceWithin, type RateProbe, sure } from './rate-probe.js';

/** Where the largest rate within a limit lies, as far as the probes say. */
export interface RateEstimate {
  readonly rate: number;
  /** With 95 % credibility it is between these. */
  readonly low: number;
  readonly high: number;
}

/** Of the grid of rates: 0.5 %. */
const step = Math.log(1.005);
/** From the outermost probe to the end of the grid, while none is surely on that side of the rate. */
const reach = 8;
/** No probe is believed more than this as to the side on which the rate lies: a server has bad moments. */
const mostBelieved = 0.98;
/** Probes within such a factor of each other follow one curve. */
const localFactor = 1.5;
/** How far the curve may take the rate beyond what the sides say. */
const margin = Math.log(1.2);
/** A server is not saturated by less than this share of what it can answer. */
const disturbedShare = 0.9;
/** What a saturated server answered is its capacity to within this factor. */
const capacityFactor = 1.05;
/**
 * The largest rate at which a percentile is within its limit, from noisy probes: a Bayesian estimate of a psychometric function (Watson and
 * Pelli, "QUEST", Perception and Psychophysics 33, 1983; Kontsevich and Tyler, Vision Research 39, 1999), whose stimulus is the logarithm of the
 * rate. The probes bracket the rate by the side on which each says that it lies, which is probabilistic bisection (Waeber, Frazier and
 * Henderson, SIAM J. Control Optim. 51, 2013). Around the bracket the log-odds of a request's being over the limit are taken to grow in
 * a straight line with the logarithm of the rate; slope and the server's own changes from probe to probe are unknown, and averaged over. One probe in twenty may have met a machine that did something
 * else, whatever it says then; one that was saturated by much less than the server answered at another time surely has.
 *
 * @param all the probes, of which there is at least one
 * @param percentile a share
 */
export function ratePosterior(all: readonly RateProbe[], percentile: number): RateEstimate {
  const probes = undisturbed(all);
  const grid = wholeGrid(probes, percentile);
  const sides = estimateOf(grid, weigh(grid, sideEvidence(probes, { percentile, capacity: capacityOf(probes) })));
  // Where the curve is to be looked for is what the sides say, and then what the curve itself says.
  return withCurve(probes, percentile, withCurve(probes, percentile, sides));
}

/**
 * Beyond a probe that surely met or missed the limit the rate is not far: rates there have nothing against them but that probe, and many of them, each
 * hardly likely, would outweigh all that the probes know.
 */
function wholeGrid(probes: readonly RateProbe[], percentile: number): readonly number[] {
  const chances = probes.map((probe) => chanceWithin(probe, percentile));
  const rates = probes.map(({ rate }) => rate);
  const [below, above] = [Math.max(...chances) >= sure, Math.min(...chances) <= 1 - sure].map((isBounded) =>
    Math.log(isBounded ? localFactor : reach),
  );
  return gridOf(Math.log(Math.min(...rates)) - (below ?? 0), Math.log(Math.max(...rates)) + (above ?? 0));
}

/** Without those that were saturated by much less than the server answered at another time: something else used the machine then. */
function undisturbed(probes: readonly RateProbe[]): readonly RateProbe[] {
  const most = Math.max(...probes.map(({ achieved = 0 }) => achieved));
  const kept = probes.filter(({ rate, isSaturated }) => !isSaturated || rate >= disturbedShare * most);
  return kept.length > 0 ? kept : probes;
}

/** What the probes say whose curve is around a first estimate. */
function withCurve(probes: readonly RateProbe[], percentile: number, sides: RateEstimate): RateEstimate {
  const isLocal = ({ rate, isSaturated, requests }: RateProbe): boolean =>
    !isSaturated && requests > 0 && rate > sides.rate / localFactor && rate < sides.rate * localFactor;
  const local = alike(probes.filter(isLocal), percentile);
  if (local.length < 2) return sides;
  const capacity = capacityOf(probes);
  const ofOthers = sideEvidence(
    probes.filter((probe) => !isLocal(probe)),
    { percentile, capacity },
  );
  const ofCurve = curveEvidence(local, { percentile, expected: queueSlope(sides.rate, capacity, percentile) });
  const near = gridOf(Math.log(sides.low) - margin, Math.log(sides.high) + margin);
  return estimateOf(
    near,
    weigh(near, (at) => ofOthers(at) + ofCurve(at)),
  );
}

/** What the server answered at the most, if it was ever saturated: one that is disturbed answers less. Otherwise nobody has seen its capacity. */
export function capacityOf(probes: readonly RateProbe[]): number {
  if (!probes.some(({ isSaturated, achieved }) => isSaturated && achieved !== undefined))
    return Number.POSITIVE_INFINITY;
  return Math.max(...probes.map(({ achieved = 0 }) => achieved));
}

interface SideOptions {
  readonly percentile: number;
  readonly capacity: number;
}

/** The logarithm of how likely probes are, when the largest rate is at a point: that it lies on that side of each of them. */
function sideEvidence(probes: readonly RateProbe[], { percentile, capacity }: SideOptions): (at: number) => number {
  const sides = probes.map((probe) => {
    const chance = Math.min(mostBelieved, Math.max(1 - mostBelieved, chanceWithin(probe, percentile)));
    const bound = probe.isSaturated ? Math.min(probe.rate, capacityFactor * capacity) : probe.rate;
    return { probed: Math.log(bound), above: Math.log(chance), below: Math.log(1 - chance) };
  });
  return (at) => sides.reduce((sum, { probed, above, below }) => sum + (at >= probed ? above : below), 0);
}

const gridOf = (low: number, high: number): readonly number[] =>
  Array.from({ length: Math.max(2, Math.ceil((high - low) / step) + 1) }, (_, index) => low + index * step);

function weigh(grid: readonly number[], evidence: (at: number) => number): readonly number[] {
  const logs = grid.map(evidence);
  const whole = logSum(logs);
  return logs.map((log) => Math.exp(log - whole));
}

function estimateOf(grid: readonly number[], weights: readonly number[]): RateEstimate {
  const quantile = (share: number): number => {
    let sum = 0;
    const index = weights.findIndex((weight) => {
      sum += weight;
      return sum >= share;
    });
    return Math.exp(grid.at(index) ?? 0);
  };
  return { rate: quantile(0.5), low: quantile(0.025), high: quantile(0.975) };
}
