import { deriveSeed, seededRandom } from '../../src/core/random.js';
import type { RequestRateLoad } from '../../src/core/run.js';
import type { Nanoseconds } from '../../src/core/units.js';
import { arrivalProcess } from './arrivals.js';
import { constantRate } from './rate-shape.js';

/** When requests are to be sent: each call gives the next time, since the start of the load; none after the last. */
export type Schedule = () => Nanoseconds | undefined;

/**
 * The schedule of a request rate: a pure function of load and seed. All levels of a run draw the same arrivals, only
 * closer together, so that what differs between levels is the rate.
 */
export function rateSchedule({ requestsPerSecond, arrivals }: RequestRateLoad, seed: number): Schedule {
  const nextArrival = arrivalProcess(arrivals, seededRandom(deriveSeed(seed, 'arrivals')));
  const shape = constantRate(requestsPerSecond);
  return () => shape.timeOf(nextArrival());
}
