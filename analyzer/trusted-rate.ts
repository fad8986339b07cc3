import type { Level } from '../src/core/run.js';

/** What a search for the largest trusted rate found. */
export interface TrustedRate {
  /** Requests per second of the largest valid level; absent when there was none. */
  readonly trusted: number | undefined;
  /** Every level that was measured, in that order. */
  readonly levels: readonly Level[];
}

const firstRate = 1000;
/** A disturbance from outside must not pass for the limit of the client. */
const attempts = 2;
/** Between the last valid and the first other level. */
const bisections = 2;

/**
 * The largest request rate at which a client passes its own judgement against a server that costs nothing: doubled until a level
 * is not valid, then narrowed.
 *
 * @param measureAt one short level at so many requests per second
 * @param largest a rate that nobody needs more than
 */
export async function findTrustedRate(
  measureAt: (requestsPerSecond: number) => Promise<Level>,
  largest: number,
): Promise<TrustedRate> {
  const levels: Level[] = [];
  const isTrusted = async (rate: number): Promise<boolean> => {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const level = await measureAt(rate);
      levels.push(level);
      if (level.verdict.kind === 'valid') return true;
    }
    return false;
  };
  let good = 0;
  let bad = Number.POSITIVE_INFINITY;
  for (let rate = firstRate; rate <= largest && bad > largest; rate *= 2) {
    if (await isTrusted(rate)) good = rate;
    else bad = rate;
  }
  for (let step = 0; step < bisections && good > 0 && bad <= largest; step++) {
    const middle = Math.round((good + bad) / 2 / 250) * 250;
    if (await isTrusted(middle)) good = middle;
    else bad = middle;
  }
  return { trusted: good === 0 ? undefined : good, levels };
}
