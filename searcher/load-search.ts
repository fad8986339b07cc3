/** Whether a load keeps all limits, and by how much it breaks them if not. */
export interface LoadVerdict {
  readonly isWithin: boolean;
  readonly violation: number;
}

export interface LoadRange {
  /** At least 1. */
  readonly min: number;
  readonly max: number;
  /** Measurements that may follow the bracket. */
  readonly refinements: number;
  /** A load near which the answer is expected; the smallest one unless given. */
  readonly start?: number;
}

/** From the smallest by doubling up to the largest, both included. */
export function doublings(min: number, max: number): number[] {
  const values: number[] = [];
  for (let value = min; value < max; value *= 2) values.push(value);
  return [...values, max];
}

/**
 * The largest load within limits, in whole numbers from `min` to `max`, or nothing when none is. It is bracketed by doubling
 * and then bisected, whichever side the limits cut off: a latency is broken by large loads, a throughput missed by small ones. Doubling ends
 * behind the first load that is out after one that was in. When the load to begin with is out, smaller ones are looked at first, as long as
 * they come nearer to being in.
 */
export async function searchLoad(
  { min, max, refinements, start = min }: LoadRange,
  measure: (load: number) => Promise<LoadVerdict>,
): Promise<number | undefined> {
  const known = new Map<number, LoadVerdict>();
  const look = async (load: number): Promise<LoadVerdict> => {
    const verdict = known.get(load) ?? (await measure(load));
    known.set(load, verdict);
    return verdict;
  };
  const loads = doublings(min, max);
  const first = Math.max(
    0,
    loads.findLastIndex((load) => load <= start),
  );
  const from = await descend(loads.slice(0, first + 1), look);
  let hasPassed = false;
  for (const load of from === undefined ? [] : loads.slice(from)) {
    const { isWithin } = await look(load);
    if (hasPassed && !isWithin) break;
    hasPassed ||= isWithin;
  }
  for (let step = 0; step < refinements; step++) {
    const middle = nextBetween(known);
    if (middle === undefined) break;
    await look(middle);
  }
  return largestWithin(known);
}

/** Where to climb from: the first load from above that is in, or the top when loads below it are worse; `undefined`: all are out, the smallest the least. */
async function descend(
  loads: readonly number[],
  look: (load: number) => Promise<LoadVerdict>,
): Promise<number | undefined> {
  const top = loads.length - 1;
  let above = Number.POSITIVE_INFINITY;
  for (const [index, load] of [...loads.entries()].reverse()) {
    const { isWithin, violation } = await look(load);
    if (isWithin) return index;
    if (violation > above) return top;
    above = violation;
  }
  return top === 0 ? top : undefined;
}

const largestWithin = (known: ReadonlyMap<number, LoadVerdict>): number | undefined => {
  const passing = [...known].filter(([, { isWithin }]) => isWithin).map(([load]) => load);
  return passing.length === 0 ? undefined : Math.max(...passing);
};

/** Half way from the largest load that is in to the next one that is out, or else beside the one that is nearest to being in. */
function nextBetween(known: ReadonlyMap<number, LoadVerdict>): number | undefined {
  const loads = [...known.keys()].sort((left, right) => left - right);
  const passed = largestWithin(known);
  if (passed !== undefined) return middleOf(passed, loads[loads.indexOf(passed) + 1]);
  const violation = (load: number): number => known.get(load)?.violation ?? 0;
  const nearest = loads.reduce((best, load) => (violation(load) < violation(best) ? load : best), loads[0] ?? 0);
  const at = loads.indexOf(nearest);
  return middleOf(nearest, loads[at + 1]) ?? middleOf(loads[at - 1], nearest);
}

function middleOf(low: number | undefined, high: number | undefined): number | undefined {
  if (low === undefined || high === undefined || high - low < 2) return undefined;
  return Math.floor((low + high) / 2);
}
