import { medianOf, noiseOf } from './series-noise.js';

/** How many neighbours on each side say what is usual at a place. */
const reach = 5;

/** Further from what is usual than this many standard deviations of the noise is an outlier ... */
const far = 4;

/** ... unless a direct neighbour lies at least half as far on the same side: then both belong to a new level. */
const half = far / 2;

/**
 * The places of values that stick out alone, as one bad night does: far from the median of their neighbours (Hampel, Journal of
 * the American Statistical Association 69, 1974), while neither direct neighbour is. The last value of a series is one until the next confirms it.
 */
export function loneOutliers(values: readonly number[]): ReadonlySet<number> {
  const noise = noiseOf(values);
  const lone = values.flatMap((value, place) => {
    const around = [...values.slice(Math.max(0, place - reach), place), ...values.slice(place + 1, place + 1 + reach)];
    const usual = medianOf(around);
    const sticksOut = (other: number | undefined, limit: number): boolean =>
      other !== undefined && Math.sign(value - usual) * (other - usual) > limit * noise;
    const isConfirmed = sticksOut(values[place - 1], half) || sticksOut(values[place + 1], half);
    return sticksOut(value, far) && !isConfirmed ? [place] : [];
  });
  return new Set(lone);
}
