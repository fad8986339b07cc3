import { normalCdf, normalDensity } from './distributions.js';

/** One of the instants at which a measurement that is going on is looked at, and may end. */
export interface Look {
  /** In the unit of the plan: time, or a count. */
  readonly at: number;
  /** The chance of error of an interval at this look alone, with which those of all looks together hold as surely as the plan says. */
  readonly alpha: number;
}

/**
 * Looks that are set before the measurement begins, each by the same factor later than the one before, the last one at `end`.
 * Looking often at data that grow finds an accident sooner or later: so the looks share one chance of error, in the way of
 * Lan and DeMets ("Discrete sequential boundaries", Biometrika 70, 1983) with Pocock's spending function alpha x ln(1 + (e - 1) x share of
 * the whole). What an earlier look has not missed a later one, with the same data and some more, seldom misses: that is taken into account
 * as for the mean of independent values, a Brownian motion.
 */
export function lookPlan(
  { start, end, factor = 1.5 }: { readonly start: number; readonly end: number; readonly factor?: number },
  alpha: number,
): Look[] {
  const times: number[] = [];
  for (let at = start; at < end / Math.sqrt(factor); at *= factor) times.push(at);
  times.push(end);
  const shares = times.map((at) => at / end);
  const bounds = boundaries(shares, (share) => alpha * Math.log(1 + (Math.E - 1) * share));
  return times.map((at, index) => ({ at, alpha: 2 * normalCdf(-(bounds[index] ?? 0)) }));
}

/** Stretches into which the possible places of a motion are divided: bounds are within 1e-3. */
const stretches = 160;
/** In standard deviations: nothing is farther away. */
const farthest = 8;

/** So much of the chance of a Brownian motion is at a place. */
interface Mass {
  readonly place: number;
  readonly chance: number;
}

/**
 * How far, in standard deviations, a Brownian motion from 0 may be away at each of some times, so that by each of them it was too far away with just
 * the chance that is spent (Armitage, McPherson and Rowe, "Repeated Significance Tests on Accumulating Data", J. R. Statist. Soc. A 132, 1969):
 * the chance of those that were never too far away is carried from time to time.
 *
 * @param times ascending, above 0
 * @param spent the chance of error up to a time: growing
 */
export function boundaries(times: readonly number[], spent: (time: number) => number): number[] {
  let within: readonly Mass[] = [{ place: 0, chance: 1 }];
  let last = 0;
  return times.map((time) => {
    const deviation = Math.sqrt(time - last);
    const share = spent(time) - (last === 0 ? 0 : spent(last));
    const bound = boundOf(within, { deviation, share, most: farthest * Math.sqrt(time) });
    within = carried(within, deviation, bound);
    last = time;
    return bound / Math.sqrt(time);
  });
}

/** The bound beyond which a share of the chance comes in a step of the motion: by bisection. */
function boundOf(
  within: readonly Mass[],
  { deviation, share, most }: { readonly deviation: number; readonly share: number; readonly most: number },
): number {
  const beyond = (bound: number): number =>
    within.reduce(
      (sum, { place, chance }) =>
        sum + chance * (normalCdf((place - bound) / deviation) + normalCdf((-place - bound) / deviation)),
      0,
    );
  let low = 0;
  let high = most;
  while (high - low > 1e-6 * most) {
    const middle = (low + high) / 2;
    if (beyond(middle) > share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** The chance of each stretch between the bounds, a step later. */
function carried(within: readonly Mass[], deviation: number, bound: number): readonly Mass[] {
  const width = (2 * bound) / stretches;
  return Array.from({ length: stretches }, (_, index) => {
    const to = -bound + (index + 0.5) * width;
    const chance = within.reduce(
      (sum, { place, chance }) => sum + (chance * normalDensity((to - place) / deviation)) / deviation,
      0,
    );
    return { place: to, chance: chance * width };
  });
}

/**
 * The share of a chance of error that the n-th of endlessly many looks may use up: alpha / (n x (n + 1)), which adds up to alpha.
 *
 * @param look from 1
 */
export const endlessAlpha = (look: number, alpha: number): number => alpha / (look * (look + 1));
