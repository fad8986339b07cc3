import type { LatencyLimit } from './certify.js';

/** What `--find-max-rate` asks for. */
export interface MaxRateSettings extends LatencyLimit {
  /** Of a probe. */
  readonly maxMs: number;
  readonly maxProbes: number;
}

/** What a level says about the rate that it held. */
export interface Probe {
  /**
   * `missed`: the percentile was rather over the limit than within it, or the server was saturated. `unknown`: neither, but there were too
   * few requests to say that it was within. `late`: over it, but requests were sent so late that this may be the client's doing.
   */
  readonly answer: 'met' | 'missed' | 'unknown' | 'late';
  /** Answered, failed, or not sent though due. */
  readonly requests: number;
  /** Of these: above the limit, failed, or not sent. */
  readonly over: number;
  /** So many independent requests would say as much. */
  readonly effectiveRequests: number;
  /** It answered less than 98 % of what came, and ever more was in flight. */
  readonly isSaturated: boolean;
}

/** The largest request rate that a server sustains within a limit. */
export interface MaxRate {
  /** Requests a second. */
  readonly rate: number;
  /** With 95 % credibility it is between these. */
  readonly low: number;
  readonly high: number;
  /** Some probe met the limit and some missed it; otherwise the rate is bounded from one side only. */
  readonly isBracketed: boolean;
  /**
   * By how many per cent the percentile of latency grows with a rate that is one per cent higher: as the probes near the answer say, or as a queue of the
   * capacity that a saturated server showed, whichever is more; absent when neither is known.
   */
  readonly elasticity?: number;
  /** `cliff`: that is more than 10 per cent, so that the capacity of the server is the limit, rather than the one that was asked for. */
  readonly edge?: 'smooth' | 'cliff';
}

/** In a few words. */
export const probeText = ({ answer, isSaturated }: Probe): string => (isSaturated ? 'saturated' : answerTexts[answer]);

const answerTexts = {
  met: 'within the limit',
  missed: 'over the limit',
  unknown: 'too few requests',
  late: 'client too late',
} as const;
