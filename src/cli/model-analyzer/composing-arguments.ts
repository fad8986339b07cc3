import { PerfError } from '../../core/perf-error.js';
import type { ProfileSettings } from './profile-settings.js';
import { isMapping } from './read-settings.js';

/** A model within the profiled one, and what its entry asks for. */
interface ComposingEntry {
  readonly name: string;
  readonly spec: unknown;
  readonly place: string;
}

/**
 * `bls_composing_models`, `ensemble_composing_models` and `cpu_only_composing_models` as flags of `search`. The models of an ensemble are found
 * without being named; their entries say which numbers of instances to try.
 *
 * @throws PerfError `usage` for anything else in an entry
 */
export function composingArguments(settings: ProfileSettings): string[] {
  const { values } = settings;
  const called = entriesOf('bls_composing_models', settings);
  const counts = [...called, ...entriesOf('ensemble_composing_models', settings)].flatMap((entry) =>
    countsOf(entry, settings),
  );
  const onCpu = (values['cpu_only_composing_models'] ?? []) as readonly string[];
  return [
    ...(called.length === 0 ? [] : ['--bls-composing-models', called.map(({ name }) => name).join(',')]),
    ...counts.flatMap(({ name, list }) => ['--vary', `${name}:instance_count=${list.join(',')}`]),
    ...onCpu.flatMap((name) => ['--vary', `${name}:instance_kind=KIND_CPU`]),
  ];
}

/** Names, a mapping of names to what is asked of them, or a list of both. */
function entriesOf(key: string, { values, file }: ProfileSettings): ComposingEntry[] {
  const given = values[key];
  const list = typeof given === 'string' ? given.split(',').map((name) => name.trim()) : [given ?? []].flat();
  return list.flatMap((each): ComposingEntry[] => {
    if (typeof each === 'string' && each !== '') return [{ name: each, spec: {}, place: `${key}.${each}` }];
    if (isMapping(each)) {
      return Object.entries(each).map(([name, spec]) => ({ name, spec: spec ?? {}, place: `${key}.${name}` }));
    }
    throw new PerfError(
      'usage',
      `Cannot read ${file}: expected names of models at ${key}, got ${JSON.stringify(each)}`,
    );
  });
}

/** `model_config_parameters: {instance_group: [{kind: ..., count: [1, 2, 4]}]}`, which is what Model Analyzer takes there. */
function countsOf(
  { name, spec, place }: ComposingEntry,
  { file }: ProfileSettings,
): { readonly name: string; readonly list: readonly number[] }[] {
  if (isMapping(spec) && Object.keys(spec).length === 0) return [];
  const parameters = isMapping(spec) ? spec['model_config_parameters'] : undefined;
  const groups = isMapping(parameters) ? [parameters['instance_group']].flat(2) : [];
  const [group, second] = groups;
  const list = isMapping(group) ? [group['count'] ?? []].flat() : [];
  const isAll = isMapping(spec) && Object.keys(spec).length === 1 && isMapping(parameters);
  const isKnown = isAll && Object.keys(parameters).length === 1 && second === undefined;
  if (isKnown && list.length > 0 && list.every((count) => Number.isInteger(count) && Number(count) >= 1)) {
    return [{ name, list: list as number[] }];
  }
  throw new PerfError(
    'usage',
    `Cannot read ${file}: expected model_config_parameters with instance_group: [{count: [1, 2]}] alone at ${place}, got ${JSON.stringify(spec)}`,
  );
}
