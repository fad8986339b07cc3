import { doublings } from '../../../searcher/load-search.js';
import { createSpace, type Dimension, type Rule, type Space, spaceOf } from '../../../searcher/space/space.js';
import type { SweptLoadSettings } from '../../core/load.js';
import { PerfError } from '../../core/perf-error.js';
import type { Candidate, SettingValue } from '../../core/trial.js';
import type { ModelConfig } from '../../protocol/model-config.js';
import { legalityRule, type ServingMachine } from './legality-rule.js';
import { nameOf, placeOf } from './model-settings.js';

/** Values of a dimension, as given with `--vary`. */
export type Variations = ReadonlyMap<string, readonly SettingValue[]>;

/** The loads of a search, ascending. */
export interface SearchLoads {
  readonly name: 'concurrency' | 'request_rate';
  readonly values: readonly number[];
  /** Only these are of interest, none between them. */
  readonly isExact?: true;
}

export interface LiveSpaceOptions {
  readonly config: ModelConfig;
  /** Of the models that work within it. */
  readonly composing?: ReadonlyMap<string, ModelConfig>;
  /** Those among them that get requests of their own. */
  readonly beside?: readonly string[];
  readonly variations: Variations;
  /** Instead of what usually matters; what does not apply to the model is left out. */
  readonly usual?: Variations;
  /** Parts of configurations that are searched as they are, each with all variations and loads. */
  readonly combinations?: readonly Candidate[];
  /** Of the model, unless they are among the variations. */
  readonly precisions?: readonly SettingValue[];
  /** Why some of them must not be used. */
  readonly refusals?: ReadonlyMap<SettingValue, string>;
  readonly load: SearchLoads;
  /** Inferences in a request, unless that varies. */
  readonly batchSize: number;
  /** Of the machine that serves; `undefined`: not known. */
  readonly machine: ServingMachine | undefined;
}

const largestSpace = 20_000;

/**
 * The configurations and loads to search: those that are named, or what usually matters for the model. What cannot work is pruned.
 *
 * @throws PerfError `usage` when there are too many combinations
 */
export function liveSpace(options: LiveSpaceOptions): Space {
  const { variations, combinations, load, refusals } = options;
  const dimensions = [
    ...dimensionsOf(withPrecisions(chosenVariations(options), options.precisions)),
    { name: load.name, kind: 'log' as const, values: load.values },
  ];
  checkSize(dimensions, combinations?.length ?? 1);
  const rules: Rule[] = [({ precision = '' }) => refusals?.get(precision), legalityRule(options)];
  if (combinations === undefined) return createSpace(dimensions, rules);
  const varied = createSpace(dimensions).candidates;
  const names = variations.size === 0 ? load.name : [...variations.keys(), load.name].join(', ');
  const all = combinations.flatMap((combination) => varied.map((candidate) => ({ ...combination, ...candidate })));
  if (all.length === 0) throw new PerfError('usage', `Cannot search: expected combinations of ${names}, got none`);
  return spaceOf(all, rules);
}

function checkSize(dimensions: readonly Dimension[], combinations: number): void {
  const size = dimensions.reduce((product, { values }) => product * values.length, combinations);
  if (size <= largestSpace) return;
  const factors = dimensions.map(({ name, values }) => `${values.length} of ${name}`);
  throw new PerfError(
    'usage',
    `Cannot search ${size} combinations: expected at most ${largestSpace}, got ${[
      ...(combinations > 1 ? [`${combinations} of model_config_parameters`] : []),
      ...factors,
    ].join(' x ')}`,
  );
}

function chosenVariations({ config, composing, variations, ...options }: LiveSpaceOptions): Variations {
  const { usual, combinations, machine } = options;
  if (combinations !== undefined) return variations;
  const within = usualWithin(composing, usual?.get('instance_count') ?? instanceCounts(machine?.cores));
  if (usual === undefined && variations.size > 0) return variations;
  if (config.ensemble_scheduling !== undefined) return new Map([...within, ...variations]);
  const own = usual === undefined ? usualVariations(config, machine?.cores) : usual;
  const applies = ([name]: readonly [string, unknown]): boolean => name !== 'max_batch_size' || canBatch(config);
  return new Map([...[...own].filter(applies), ...within, ...variations]);
}

/** An ensemble has no instances of its own, but each model within it has. */
function usualWithin(
  composing: LiveSpaceOptions['composing'] = new Map(),
  counts: readonly SettingValue[],
): Variations {
  const names = [...composing.keys()].map((model) => nameOf({ model, setting: 'instance_count' }));
  return new Map(names.map((name) => [name, counts]));
}

const withPrecisions = (variations: Variations, precisions: readonly SettingValue[] | undefined): Variations =>
  precisions === undefined || variations.has('precision')
    ? variations
    : new Map<string, readonly SettingValue[]>([['precision', precisions], ...variations]);

/** What decides whether a setting means anything, for those that vary together with what they depend on. */
const conditions: ReadonlyMap<string, { readonly name: string; readonly applies: (value: SettingValue) => boolean }> =
  new Map([
    ['max_queue_delay_microseconds', { name: 'max_batch_size', applies: (largest) => Number(largest) > 1 }],
    ['preferred_batch_size', { name: 'max_batch_size', applies: (largest) => Number(largest) > 1 }],
    ['inter_op_thread_count', { name: 'execution_mode', applies: (mode) => Number(mode) === 1 }],
  ]);

/** In the order in which they are named, those that depend on others behind these. */
function dimensionsOf(variations: Variations): Dimension[] {
  const all = [...variations].map(([name, values]): Dimension => {
    const { model, setting } = placeOf(name);
    const condition = conditions.get(setting);
    const other = condition && nameOf({ model, setting: condition.name });
    const oneOf = other && variations.get(other)?.filter(condition.applies);
    const when = other && oneOf ? { when: { name: other, oneOf } } : {};
    return { ...dimensionOf(name, values), ...when };
  });
  return [...all.filter(({ when }) => when === undefined), ...all.filter(({ when }) => when !== undefined)];
}

function dimensionOf(name: string, values: readonly SettingValue[]): Dimension {
  const { setting } = placeOf(name);
  const isLog = setting === 'max_batch_size' || setting.endsWith('_thread_count');
  const isNamed = values.some((value) => typeof value === 'string') || setting === 'execution_mode';
  return {
    name,
    kind: isNamed ? 'categorical' : isLog && !values.includes(0) ? 'log' : 'integer',
    values,
  };
}

const usualInstances = 5;
const usualLargestBatch = 32;

const instanceCounts = (cores = usualInstances): number[] =>
  Array.from({ length: Math.min(usualInstances, cores) }, (_, index) => index + 1);

function usualVariations(config: ModelConfig, cores: number | undefined): Variations {
  return new Map<string, readonly SettingValue[]>([
    ['instance_count', instanceCounts(cores)],
    ...(canBatch(config)
      ? ([
          ['max_batch_size', doublings(1, usualLargestBatch)],
          ['max_queue_delay_microseconds', [0, 500, 2000]],
        ] as const)
      : []),
    ...(cores === undefined ? [] : ([['intra_op_thread_count', [...new Set(doublings(1, cores))]]] as const)),
  ]);
}

const canBatch = ({ max_batch_size: largest, sequence_batching: sequences }: ModelConfig): boolean =>
  largest > 0 && sequences === undefined;

/** Loads of a range: by doubling, or by its step when that is not 1; both ends included. */
export function loadsOf({ kind, range }: SweptLoadSettings): SearchLoads {
  const { start, end, step } = range;
  const last = Math.max(start, end);
  const linear = Array.from({ length: Math.floor((last - start) / step) + 1 }, (_, index) => start + index * step);
  return {
    name: kind === 'concurrency' ? 'concurrency' : 'request_rate',
    ...(step === 1 ? { values: doublings(start, last) } : { values: linear, isExact: true }),
  };
}
