/** Where more requests in flight stop to bring more throughput. */
export interface Knee {
  /** Requests in flight: N* of the asymptotes. */
  readonly concurrency: number;
  /** From the intervals of both figures at 95 %; absent when a level has too few requests for one. */
  readonly low?: number;
  readonly high?: number;
  /** The highest throughput of a level, in inferences a second. */
  readonly throughput: number;
  /** Throughput stopped growing before the range ended; otherwise the knee is at least there. */
  readonly isReached: boolean;
}
