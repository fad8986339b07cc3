import type { Constraint, Goal, Objective } from '../../../searcher/goal/goal.js';
import { type Metric, metricOf, metrics } from '../../../searcher/goal/metrics.js';
import { PerfError } from '../../core/perf-error.js';
import { badFlag } from './parse.js';

const text = { type: 'string', requiresArg: true, array: true } as const;

/** Flags that say what a search looks for. */
export const goalFlags = {
  objective: {
    ...text,
    default: ['perf_throughput'] as string[],
    describe: 'Metric to make better, METRIC or METRIC:WEIGHT (repeatable)',
    group: 'Goal:',
  },
  constraint: {
    ...text,
    default: [] as string[],
    describe: 'Limit to keep, METRIC:max=NUMBER or METRIC:min=NUMBER (repeatable)',
    group: 'Goal:',
  },
} as const;

export const repeatableGoalFlags: readonly string[] = ['objective', 'constraint'];

/** @throws PerfError `usage` */
export function parseGoal({
  objective,
  constraint,
}: {
  objective: readonly string[];
  constraint: readonly string[];
}): Goal {
  return { objectives: objective.map(parseObjective), constraints: constraint.map(parseConstraint) };
}

function parseObjective(given: string): Objective {
  const [, tag = '', weight = '1'] = /^([^:]+)(?::(\d+\.?\d*|\.\d+))?$/.exec(given) ?? [];
  if (tag === '' || Number(weight) === 0)
    throw badFlag('--objective', 'METRIC or METRIC:WEIGHT, with a weight above 0', given);
  return { metric: knownMetric('--objective', tag), weight: Number(weight) };
}

const bound = /^(min|max)=([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)$/i;

function parseConstraint(given: string): Constraint {
  const [tag = '', ...rest] = given.split(':');
  const bounds = rest
    .join(':')
    .split(',')
    .map((part) => bound.exec(part.trim()));
  if (rest.length === 0 || bounds.includes(null)) {
    throw badFlag('--constraint', 'METRIC:max=NUMBER or METRIC:min=NUMBER, such as perf_latency_p99:max=50', given);
  }
  const limits = Object.fromEntries(bounds.map((match) => [match?.[1]?.toLowerCase(), Number(match?.[2])]));
  return { metric: knownMetric('--constraint', tag), ...limits };
}

function knownMetric(flag: string, tag: string): Metric {
  const metric = metricOf(tag);
  if (metric !== undefined) return metric;
  throw new PerfError('usage', `Cannot use ${flag}: expected a metric, got '${tag}'`, {
    hint: `Metrics: ${metrics.map((known) => known.tag).join(', ')}.`,
  });
}
