/** One of the instants at which a measurement that is going on is looked at, and may end. */
export interface Look {
  /** In the unit of the plan: time, or a count. */
  readonly at: number;
  /** The chance of error that this look may use up. */
  readonly alpha: number;
}

/**
 * Looks that are set before the measurement begins, each by the same factor later than the one before, the last one at `end`.
 * Looking often at data that grow finds an accident sooner or later: so the looks share one chance of error, in the way of
 * Lan and DeMets ("Discrete sequential boundaries", Biometrika 70, 1983) with Pocock's spending function alpha x ln(1 + (e - 1) x share of
 * the whole). By the union bound an interval at 1 - alpha(look) holds at all looks at once at 1 - alpha, whatever the data.
 */
export function lookPlan(
  { start, end, factor = 1.5 }: { readonly start: number; readonly end: number; readonly factor?: number },
  alpha: number,
): Look[] {
  const times: number[] = [];
  for (let at = start; at < end / Math.sqrt(factor); at *= factor) times.push(at);
  times.push(end);
  const spent = (at: number): number => alpha * Math.log(1 + (Math.E - 1) * (at / end));
  return times.map((at, index) => ({ at, alpha: spent(at) - (index === 0 ? 0 : spent(times[index - 1] ?? 0)) }));
}

/**
 * The share of a chance of error that the n-th of endlessly many looks may use up: alpha / (n x (n + 1)), which adds up to alpha.
 *
 * @param look from 1
 */
export const endlessAlpha = (look: number, alpha: number): number => alpha / (look * (look + 1));
