/** What a search may still measure. */
export interface WorkLeft {
  /** First looks, at most. */
  readonly looks: number;
  /** Repeats that decide. */
  readonly repeats: number;
  /** No first look begins after this, on the monotonic clock in ms; absent: without a limit. */
  readonly looksUntil?: number;
}

/** Windows of a repeat are so many times as long as those of a first look. */
const repeatLength = 2;

/**
 * How long a search may still take at most, when looks take as long as those so far on average. `undefined`: nothing was measured yet.
 *
 * @param lookSeconds of the looks so far
 */
export function secondsLeft(
  { looks, repeats, looksUntil = Number.POSITIVE_INFINITY }: WorkLeft,
  lookSeconds: readonly number[],
  nowMs = performance.now(),
): number | undefined {
  if (lookSeconds.length === 0) return undefined;
  const each = lookSeconds.reduce((sum, seconds) => sum + seconds, 0) / lookSeconds.length;
  const looking = Math.min(looks * each, Math.max(0, (looksUntil - nowMs) / 1000));
  return looking + repeats * repeatLength * each;
}
