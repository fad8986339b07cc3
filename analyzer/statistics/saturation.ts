/** Requests that came and answers that went in stretches of time of one length, one after the other. */
export interface Flow {
  readonly arrived: readonly number[];
  readonly answered: readonly number[];
}

/** A server that answers a smaller share of what comes does not keep up. */
const keptUp = 0.98;
/** So many requests say something about a share of 2 %; fewer only about a growth that is far from chance. */
const fewest = 100;
const deviations = 3;

export interface SaturationOptions {
  /** Smaller for one who looks often, and must not be misled by chance. */
  readonly share?: number;
  /** So many requests are in flight on average while the slowest are just good enough: by chance some more. */
  readonly usual?: number;
}

/**
 * Whether a server does not keep up with an open loop: it answered less than `share` of the requests that came, even if chance had put more in
 * flight at the end, and more were waiting at the end than in the middle, and in the middle than at the beginning, so that it is no single bad moment.
 */
export function isSaturated(
  { arrived, answered }: Flow,
  { share = keptUp, usual = 0 }: SaturationOptions = {},
): boolean {
  const total = sum(arrived);
  if (arrived.length < 2) return false;
  const middle = Math.floor(arrived.length / 2);
  const growth = (from: number, to: number): number => sum(arrived.slice(from, to)) - sum(answered.slice(from, to));
  const least = total < fewest ? chance(total) : (1 - share) * total + chance(usual);
  return growth(0, arrived.length) > least && growth(0, middle) > 0 && growth(middle, arrived.length) > 0;
}

/** Of a number of events that are independent of one another. */
const chance = (expected: number): number => deviations * Math.sqrt(expected);

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
