import { type Random, seededRandom } from '../src/core/random.js';
import type { Candidate, Metrics } from '../src/core/trial.js';
import type { Constraint, Goal } from './goal/goal.js';
import { compareJudgements, type Judgement, judge } from './goal/judge.js';

/** Whether a limit is kept, as far as repeated measurements can say: `undecided` is neither proven. */
export type Certainty = 'pass' | 'fail' | 'undecided';

export interface ConstraintVerdict {
  readonly constraint: Constraint;
  readonly certainty: Certainty;
  /** Of the measurements; absent when one did not have the metric. */
  readonly mean?: number;
  /** The mean lies in it with 90 %, so that it is on one side of either end with 95 %. */
  readonly interval?: Interval;
}

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Repeated measurements of one candidate, interleaved with those of its rivals. */
export interface Repeated {
  readonly candidate: Candidate;
  readonly metrics: readonly Metrics[];
}

/** Student's t, one-sided 95 % and 97.5 %, by degrees of freedom from 1 on. */
const t95 = [6.314, 2.92, 2.353, 2.132, 2.015, 1.943, 1.895, 1.86, 1.833, 1.812];
const t975 = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];

const quantile = (table: readonly number[], freedom: number): number =>
  table[Math.min(table.length, Math.max(1, Math.floor(freedom))) - 1] ?? Number.POSITIVE_INFINITY;

export function judgeConstraint(constraint: Constraint, { metrics }: Repeated): ConstraintVerdict {
  const values = metrics.flatMap((each) => each[constraint.metric.tag] ?? []);
  if (values.length < metrics.length || values.length === 0) return { constraint, certainty: 'undecided' };
  const mean = momentsOf(values).mean;
  if (values.length < 2) return { constraint, certainty: 'undecided', mean };
  const interval = intervalOf(values);
  return { constraint, certainty: certaintyOf(constraint, interval), mean, interval };
}

/** On a logarithmic scale where that is possible: what cannot be negative has no negative end. */
function intervalOf(values: readonly number[]): Interval {
  const isPositive = values.every((value) => value > 0);
  const { mean, error } = momentsOf(isPositive ? values.map(Math.log) : values);
  const reach = quantile(t95, values.length - 1) * error;
  const back = isPositive ? Math.exp : (value: number): number => value;
  return { low: back(mean - reach), high: back(mean + reach) };
}

function certaintyOf(
  { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY }: Constraint,
  interval: Interval,
): Certainty {
  if (interval.low > max || interval.high < min) return 'fail';
  return interval.high <= max && interval.low >= min ? 'pass' : 'undecided';
}

/** How much better one candidate is than another, relatively: 0.1 is 10 %; with an interval of 95 % (Welch). */
export interface Gain extends Interval {
  readonly mean: number;
}

/** `undefined` when one of them was not measured twice. */
export function gainOver(winner: Repeated, current: Repeated, goal: Goal): Gain | undefined {
  const [left, right] = [utilities(winner, goal), utilities(current, goal)];
  if (left.length < 2 || right.length < 2) return undefined;
  const [mine, other] = [momentsOf(left), momentsOf(right)];
  const variance = mine.error ** 2 + other.error ** 2;
  const freedom =
    variance === 0
      ? left.length + right.length - 2
      : variance ** 2 / (mine.error ** 4 / (left.length - 1) + other.error ** 4 / (right.length - 1));
  const reach = quantile(t975, freedom) * Math.sqrt(variance);
  const difference = mine.mean - other.mean;
  const relative = (value: number): number => Math.exp(value) - 1;
  return { mean: relative(difference), low: relative(difference - reach), high: relative(difference + reach) };
}

const utilities = ({ metrics }: Repeated, goal: Goal): number[] =>
  metrics.flatMap((each) => judge(each, goal).utility ?? []);

function momentsOf(values: readonly number[]): { readonly mean: number; readonly error: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, error: values.length < 2 ? 0 : Math.sqrt(squares / (values.length - 1) / values.length) };
}

const draws = 2000;

/**
 * How likely each is the best of them, by drawing what their means may truly be: on a logarithmic scale where that is possible, around the mean of the
 * measurements, by Student's t. The spread is that of all of them together, since three measurements say little of their own. The best of a draw is
 * that of the final order: limits first, then the smallest violation, then the objective.
 */
export function chancesOfBest(all: readonly Repeated[], goal: Goal, seed: number): number[] {
  const random = seededRandom(seed);
  const tags = [...new Set([...goal.objectives, ...goal.constraints].map(({ metric }) => metric.tag))];
  const beliefs = tags.map((tag) => beliefOf(tag, all));
  const wins = all.map(() => 0);
  for (let draw = 0; draw < draws; draw++) {
    const drawn = beliefs.map((belief) => belief(random));
    const worth = all.map((_, index) =>
      judge(Object.fromEntries(tags.map((tag, place) => [tag, drawn[place]?.[index] ?? Number.NaN])), goal),
    );
    const best = worth.reduce((first, each, index) => (isBetter(each, worth[first]) ? index : first), 0);
    wins[best] = (wins[best] ?? 0) + 1;
  }
  return wins.map((count) => count / draws);
}

const isBetter = (left: Judgement, right: Judgement | undefined): boolean =>
  right !== undefined && compareJudgements(left, right) < 0;

/** Draws the means of one metric, one for each candidate; `NaN` for a candidate in which a measurement lacks it. */
function beliefOf(tag: string, all: readonly Repeated[]): (random: Random) => number[] {
  const values = all.map(({ metrics }) => metrics.flatMap((each) => each[tag] ?? []));
  const isPositive = values.flat().every((value) => value > 0);
  const moments = values.map((own) => momentsOf(isPositive ? own.map(Math.log) : own));
  const freedom = values.reduce((sum, own) => sum + Math.max(0, own.length - 1), 0);
  const squares = moments.reduce(
    (sum, { error }, index) => sum + error ** 2 * (values[index]?.length ?? 0) * ((values[index]?.length ?? 1) - 1),
    0,
  );
  const spread = freedom === 0 ? 0 : Math.sqrt(squares / freedom);
  const back = isPositive ? Math.exp : (value: number): number => value;
  return (random) => {
    const stretch = freedom === 0 ? 0 : spread * Math.sqrt(freedom / chiSquared(freedom, random));
    return moments.map(({ mean }, index) => {
      const own = values[index] ?? [];
      if (own.length < (all[index]?.metrics.length ?? 0) || own.length === 0) return Number.NaN;
      return back(mean + (stretch * normal(random)) / Math.sqrt(own.length));
    });
  };
}

const normal = (random: Random): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

const chiSquared = (freedom: number, random: Random): number =>
  Array.from({ length: freedom }, () => normal(random) ** 2).reduce((sum, each) => sum + each, 0);
