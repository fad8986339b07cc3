/** Whether a server answers an input that it has just had faster than one that it has never had. */
export interface CacheTest {
  /** `undecided`: too noisy to say, or requests failed. */
  readonly verdict: 'found' | 'not-found' | 'undecided';
  /** Turns of new inputs, each with one of the same input. */
  readonly rounds: number;
  /** Medians of the rounds' latencies. */
  readonly newMs?: number;
  readonly repeatedMs?: number;
  /** How many times as fast repeated inputs are answered, with the interval at 99 %; absent with too few rounds. */
  readonly ratio?: { readonly value: number; readonly low: number; readonly high: number };
}
