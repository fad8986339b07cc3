import { loadName } from '../../src/core/load-name.js';
import { seededRandom } from '../../src/core/random.js';
import type { Run } from '../../src/core/run.js';
import { type FigureOfRuns, jointReach } from '../statistics/joint-reach.js';
import type { Reach } from '../statistics/ratio-interval.js';
import type { Metric } from './metrics.js';

interface Compared {
  readonly levels: readonly string[];
  readonly metrics: readonly Metric[];
  readonly falseAlarms: number;
}

/** With so many the chance of a false alarm is met to a tenth. */
const permutations = 10_000;

/**
 * How far the intervals of all figures must reach to hold together, by the runs themselves; absent when they are too few for that, or when one of
 * them has a level twice. The same runs always have the same answer: the draws have a seed.
 */
export function reachOfRuns(
  base: readonly Run[],
  next: readonly Run[],
  { levels, metrics, falseAlarms }: Compared,
): Reach | undefined {
  const runs = [...base, ...next];
  const measured = levels.map((name) => runs.map((run) => run.levels.filter(({ load }) => loadName(load) === name)));
  if (measured.some((of) => of.some((own) => own.length > 1))) return undefined;
  const figures = measured.flatMap((of) =>
    metrics.flatMap(({ value }) => figureOf(of.map(([own]) => own && value(own.summary)))),
  );
  const random = seededRandom(0);
  const reach = jointReach(figures, base.length, { error: falseAlarms, permutations, random });
  return reach === undefined ? undefined : () => reach;
}

/** As logarithms; none where a run lacks it, since it is missing from the comparison then. */
const figureOf = (values: readonly (number | undefined)[]): FigureOfRuns[] =>
  values.every((value): value is number => value !== undefined && value > 0) ? [values.map(Math.log)] : [];
