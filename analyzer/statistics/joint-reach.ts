import { meanOf } from './autocorrelation.js';

export interface JointReach {
  /** How likely runs of the same have some figure outside of its interval. */
  readonly error: number;
  readonly permutations: number;
  /** 0 to 1. */
  readonly random: () => number;
}

/** One figure of all runs of both sides, in the order of the runs: those of the base first. */
export type FigureOfRuns = readonly number[];

/**
 * By how many standard errors two means of the same differ in some figure, as rarely as `error` says: the intervals of all figures hold together when
 * they reach so far. Runs are dealt out anew to the two sides, again and again, each with all of its figures, and the largest difference of each
 * deal is kept (single-step maxT of Westfall and Young, "Resampling-Based Multiple Testing", 1993). Figures that rise and fall together, as throughput and
 * mean latency do, so cost little more than one of them, and noise need not be normal; Bonferroni's share of the error for each takes them for independent.
 *
 * @param baseCount how many of the runs are the base
 * @returns `undefined` when there are too few runs for enough different deals
 */
export function jointReach(
  figures: readonly FigureOfRuns[],
  baseCount: number,
  { error, permutations, random }: JointReach,
): number | undefined {
  const count = figures[0]?.length ?? 0;
  if (dealsOf(count, baseCount) * error < fewestBeyond) return undefined;
  const spreads = figures.map(spreadOf);
  const order = Array.from({ length: count }, (_, index) => index);
  const largest = Float64Array.from({ length: permutations }, () => {
    shuffle(order, random);
    return Math.max(...spreads.map((spread) => differenceOf(spread, order, baseCount)));
  }).sort();
  return largest[Math.ceil((1 - error) * permutations) - 1];
}

/** Of all deals that there are, at least so many must lie beyond the reach; each has one that mirrors it. */
const fewestBeyond = 20;

function dealsOf(count: number, baseCount: number): number {
  let deals = 1;
  for (let index = 1; index <= baseCount; index++) deals *= (count - baseCount + index) / index;
  return deals;
}

/** By Fisher and Yates. */
function shuffle(order: number[], random: () => number): void {
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    const moved = order[last] ?? 0;
    order[last] = order[other] ?? 0;
    order[other] = moved;
  }
}

interface Spread {
  /** The values of all runs, less their mean, which is 0 from here on. */
  readonly values: Float64Array;
  readonly sumOfSquares: number;
}

function spreadOf(figure: FigureOfRuns): Spread {
  const mean = meanOf(figure);
  const values = Float64Array.from(figure, (value) => value - mean);
  return { values, sumOfSquares: values.reduce((sum, value) => sum + value ** 2, 0) };
}

/** Between the runs that were dealt to the base and the others, in standard errors. */
function differenceOf({ values, sumOfSquares }: Spread, order: readonly number[], baseCount: number): number {
  let [sum, squares] = [0, 0];
  for (let place = 0; place < baseCount; place++) {
    const value = values[order[place] ?? 0] ?? 0;
    sum += value;
    squares += value ** 2;
  }
  const nextCount = values.length - baseCount;
  const difference = Math.abs(sum / baseCount + sum / nextCount);
  if (difference === 0) return 0;
  const squaredError =
    squaredErrorOf(sum, squares, baseCount) + squaredErrorOf(-sum, sumOfSquares - squares, nextCount);
  return difference / Math.sqrt(squaredError);
}

/** Of the mean of so many values with this sum and this sum of squares. */
const squaredErrorOf = (sum: number, squares: number, count: number): number =>
  Math.max(0, squares - sum ** 2 / count) / (count * (count - 1));
