import { type Nanoseconds, ns } from '../../src/core/units.js';

/** A rate over time, by the inverse of its integral. */
export interface RateShape {
  /** When so many requests have come since the start; non-decreasing. */
  timeOf(arrivals: number): Nanoseconds;
}

export function constantRate(requestsPerSecond: number): RateShape {
  return { timeOf: (arrivals) => ns((arrivals / requestsPerSecond) * 1e9) };
}
