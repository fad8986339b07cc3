import { metricOf, metrics } from '../../../searcher/goal/metrics.js';
import { PerfError } from '../../core/perf-error.js';
import { nearestName } from './nearest-name.js';
import type { ModelEntry, ProfileSettings } from './profile-settings.js';
import { isMapping } from './read-settings.js';

/**
 * Objectives and constraints as flags of `search`. What a model has takes the place of what stands at the top; `latency_budget` and
 * `min_throughput` take the place of both.
 *
 * @throws PerfError `usage` for what is neither a list nor a mapping of numbers
 */
export function goalArguments({ values, file }: ProfileSettings, model: ModelEntry): string[] {
  const inModel = (key: string): boolean => model.values[key] !== undefined;
  const nameOf = (key: string): string => (inModel(key) ? `profile_models.${model.name}.${key}` : key);
  const pick = (key: string): unknown => model.values[key] ?? values[key];
  const objectives = objectivesOf(pick('objectives') ?? ['perf_throughput'], nameOf('objectives'), file);
  const limits = new Map(limitsOf(pick('constraints') ?? {}, nameOf('constraints'), file));
  const { latency_budget: budget, min_throughput: least } = values;
  if (budget !== undefined) limits.set('perf_latency_p99:max', `${budget}`);
  if (least !== undefined) limits.set('perf_throughput:min', `${least}`);
  return [
    ...objectives.flatMap((objective) => ['--objective', objective]),
    ...[...limits].flatMap(([limit, value]) => ['--constraint', `${limit}=${value}`]),
  ];
}

function objectivesOf(given: unknown, name: string, file: string): string[] {
  if (Array.isArray(given) && given.length > 0 && given.every((each) => typeof each === 'string')) {
    return given.map((tag) => knownTag(tag, name, file));
  }
  if (isMapping(given) && Object.values(given).every((weight) => typeof weight === 'number')) {
    return Object.entries(given).map(([tag, weight]) => `${knownTag(tag, name, file)}:${weight}`);
  }
  throw new PerfError(
    'usage',
    `Cannot read ${file}: expected a list of metrics or a mapping of them to weights at ${name}, got ${JSON.stringify(given)}`,
  );
}

/** By metric and bound; 0 and fractions are limits like any other. */
function limitsOf(given: unknown, name: string, file: string): [limit: string, value: string][] {
  const refuse = (place: string, got: unknown): PerfError =>
    new PerfError(
      'usage',
      `Cannot read ${file}: expected {min: NUMBER} or {max: NUMBER} at ${place}, got ${JSON.stringify(got)}`,
    );
  if (!isMapping(given)) throw refuse(name, given);
  return Object.entries(given).flatMap(([tag, bounds]) => {
    if (!isMapping(bounds) || Object.keys(bounds).length === 0) throw refuse(`${name}.${tag}`, bounds);
    return Object.entries(bounds).map(([bound, value]): [string, string] => {
      if (!/^(min|max)$/.test(bound) || typeof value !== 'number') throw refuse(`${name}.${tag}`, bounds);
      return [`${knownTag(tag, name, file)}:${bound}`, `${value}`];
    });
  });
}

/** As we call it. */
function knownTag(tag: string, name: string, file: string): string {
  const metric = metricOf(tag);
  if (metric !== undefined) return metric.tag;
  const near = nearestName(
    tag,
    metrics.map((known) => known.tag),
  );
  throw new PerfError(
    'usage',
    `Cannot read ${file}: expected a metric, got ${name}.${tag}`,
    near === undefined ? {} : { hint: `Did you mean ${near}?` },
  );
}
