import type { RequestRateLoad } from '../../src/core/load.js';
import { deriveSeed, seededRandom } from '../../src/core/random.js';
import { fromMs, type Nanoseconds, ns } from '../../src/core/units.js';
import { arrivalProcess } from './arrivals.js';
import { rateShape } from './rate-shape.js';

/** When requests are to be sent: each call gives the next time, since the start of the load; none after the last. */
export type Schedule = () => Nanoseconds | undefined;

/**
 * The schedule of a request rate: a pure function of load and seed. All levels of a run draw the same arrivals, only
 * closer together, so that what differs between levels is the rate.
 */
export function rateSchedule({ requestsPerSecond, arrivals, shape }: RequestRateLoad, seed: number): Schedule {
  const nextArrival = arrivalProcess(arrivals, seededRandom(deriveSeed(seed, 'arrivals')));
  const { timeOf } = rateShape(requestsPerSecond, shape);
  return () => timeOf(nextArrival());
}

/** Each request so long after the one before (the first: after the start), over and over. */
export function intervalSchedule(intervalsUs: readonly number[]): Schedule {
  const totalUs = intervalsUs.reduce((sum, interval) => sum + interval, 0);
  let index = 0;
  let rounds = 0;
  let inRoundUs = 0;
  return () => {
    inRoundUs += intervalsUs[index] ?? 0;
    const at = ns((rounds * totalUs + inRoundUs) * 1000);
    index++;
    if (index === intervalsUs.length) {
      index = 0;
      inRoundUs = 0;
      rounds++;
    }
    return at;
  };
}

/** Each request at its time, once. */
export function fixedSchedule(timestampsMs: readonly number[]): Schedule {
  const times = timestampsMs.values();
  return () => {
    const { value, done } = times.next();
    return done ? undefined : fromMs(value);
  };
}
