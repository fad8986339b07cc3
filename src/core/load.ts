/** The levels of a sweep; an `end` of 0 is open: until the latency limit. */
export interface LevelRange {
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

/**
 * How the gaps between requests are distributed: all the same, exponential, or gamma with a shape (1 = exponential, below
 * 1 = burstier, above 1 = more regular).
 */
export type Arrivals =
  | { readonly kind: 'constant' }
  | { readonly kind: 'poisson' }
  | { readonly kind: 'gamma'; readonly shape: number };

/** Closed loop: `concurrency` requests are outstanding at any time. */
export interface ConcurrencyLoad {
  readonly kind: 'concurrency';
  readonly concurrency: number;
}

/**
 * Closed loop that grows: at first `start` requests are outstanding, and `step` more whenever each of those added last has been
 * answered `requestPeriod` times, until there are `end`.
 */
export interface PeriodicConcurrencyLoad {
  readonly kind: 'periodic-concurrency';
  readonly start: number;
  readonly end: number;
  readonly step: number;
  readonly requestPeriod: number;
}

/**
 * What a request rate is multiplied by over time. `step`: one factor after the other, then the last one; `ramp`: from one to
 * another in a straight line, then the other; `sine`: 1 + amplitude x sin; `spike`: 1, and at the end of every period for a
 * while the factor.
 */
export type LoadShape =
  | { readonly kind: 'constant' }
  | { readonly kind: 'step'; readonly factors: readonly number[]; readonly stepMs: number }
  | { readonly kind: 'ramp'; readonly from: number; readonly to: number; readonly rampMs: number }
  | { readonly kind: 'sine'; readonly amplitude: number; readonly periodMs: number }
  | { readonly kind: 'spike'; readonly factor: number; readonly lengthMs: number; readonly periodMs: number };

/** Open loop: requests are sent when a schedule says so, whatever the answers do. */
interface OpenLoop {
  /** On average; of a shape that is not constant, where its factor is 1. */
  readonly requestsPerSecond: number;
  /** A request that is due while so many are outstanding is dropped, and counted. */
  readonly maxInFlight: number;
}

export interface RequestRateLoad extends OpenLoop {
  readonly kind: 'request-rate';
  readonly arrivals: Arrivals;
  readonly shape: LoadShape;
}

/** The gaps between requests come from a list, over and over. */
export interface RequestIntervalsLoad extends OpenLoop {
  readonly kind: 'request-intervals';
}

/** Each request at a time of its own, once; the rate is the mean. */
export interface FixedScheduleLoad extends OpenLoop {
  readonly kind: 'fixed-schedule';
}

export type ClosedLoad = ConcurrencyLoad | PeriodicConcurrencyLoad;
export type OpenLoad = RequestRateLoad | RequestIntervalsLoad | FixedScheduleLoad;

/** The load that a level holds. */
export type Load = ClosedLoad | OpenLoad;

/** How the levels of a range are gone through. */
interface Swept {
  readonly range: LevelRange;
  /**
   * `binary`: for the highest level within the latency limit, to within a step. `max-rate`: for the largest rate within the limit of the
   * measurement, from the start on. `knee`: for where throughput stops growing, by doubling.
   */
  readonly search: 'linear' | 'binary' | 'max-rate' | 'knee';
}

export type SweptLoadSettings =
  | ({ readonly kind: 'concurrency' } & Swept)
  | (Omit<RequestRateLoad, 'requestsPerSecond'> & Swept);

/** A load that a run holds on one level. */
export type SingleLoadSettings =
  | PeriodicConcurrencyLoad
  | {
      readonly kind: 'fixed-schedule';
      /** Since the start, ascending. */
      readonly timestampsMs: readonly number[];
      readonly maxInFlight: number;
    }
  | {
      readonly kind: 'request-intervals';
      readonly intervalsUs: readonly number[];
      readonly maxInFlight: number;
    };

/** The loads of a run: what is the same at all levels, and the range of what is not. */
export type LoadSettings = SweptLoadSettings | SingleLoadSettings;
