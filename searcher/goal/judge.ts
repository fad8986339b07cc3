import type { Metrics } from '../../src/core/trial.js';
import type { Constraint, Goal, Objective } from './goal.js';

/** `unknown`: the metric was not measured, which is never a pass. */
export type Kept = 'pass' | 'fail' | 'unknown';

/** What a measurement, or a mean of several, is worth. */
export interface Judgement {
  /** `pass` if every constraint is kept, `fail` if one is known to be broken. */
  readonly kept: Kept;
  /** The sum over constraints of how far each is broken, as a share of its bound; of what is known. */
  readonly violation: number;
  /** Greater is better, on a logarithmic scale: +0.01 is 1 % better. `undefined`: an objective was not measured. */
  readonly utility: number | undefined;
}

/** Below this a value counts as this, since the scale is logarithmic. */
const smallest = 1e-9;

export function judge(metrics: Metrics, { objectives, constraints }: Goal): Judgement {
  let violation = 0;
  let isUnknown = false;
  for (const constraint of constraints) {
    const off = violationOf(constraint, metrics[constraint.metric.tag]);
    if (off === undefined) isUnknown = true;
    else violation += off;
  }
  const kept = violation > 0 ? 'fail' : isUnknown ? 'unknown' : 'pass';
  return { kept, violation, utility: utilityOf(objectives, metrics) };
}

/** `undefined`: nobody knows. */
function violationOf({ min, max }: Constraint, value: number | undefined): number | undefined {
  if (value === undefined || Number.isNaN(value)) return undefined;
  const above = max === undefined ? 0 : Math.max(0, value - max) / scaleOf(max);
  const below = min === undefined ? 0 : Math.max(0, min - value) / scaleOf(min);
  return above + below;
}

/** A bound of 0 is a bound: the violation is then in units of the metric. */
const scaleOf = (bound: number): number => (bound === 0 ? 1 : Math.abs(bound));

/**
 * Weights are normalised to a sum of 1. A difference of utilities is, for small differences, Model Analyzer's weighted sum of
 * relative ones; unlike that sum it orders any number of measurements without contradiction.
 */
function utilityOf(objectives: readonly Objective[], metrics: Metrics): number | undefined {
  let [utility, total] = [0, 0];
  for (const { metric, weight } of objectives) {
    const value = metrics[metric.tag];
    if (value === undefined || Number.isNaN(value)) return undefined;
    const sign = metric.better === 'more' ? 1 : -1;
    utility += sign * weight * Math.log(Math.max(smallest, value));
    total += weight;
  }
  return objectives.length === 0 ? 0 : utility / total;
}

const rankOf: Readonly<Record<Kept, number>> = { pass: 0, fail: 1, unknown: 2 };

/**
 * Feasible first, then the smallest violation, then the objective; what nobody knows comes last.
 * Negative when `left` is better, for `sort`.
 */
export function compareJudgements(left: Judgement, right: Judgement): number {
  const byKept = rankOf[left.kept] - rankOf[right.kept];
  if (byKept !== 0) return byKept;
  const byViolation = left.violation - right.violation;
  if (byViolation !== 0) return byViolation;
  return (right.utility ?? Number.NEGATIVE_INFINITY) - (left.utility ?? Number.NEGATIVE_INFINITY) || 0;
}
