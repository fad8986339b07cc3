import { doublings } from '../../../searcher/load-search.js';
import { createSpace, type Dimension, type Rule, type Space } from '../../../searcher/space/space.js';
import type { SweptLoadSettings } from '../../core/load.js';
import { PerfError } from '../../core/perf-error.js';
import type { SettingValue } from '../../core/trial.js';
import type { ModelConfig } from '../../protocol/model-config.js';

/** Values of a dimension, as given with `--vary`. */
export type Variations = ReadonlyMap<string, readonly SettingValue[]>;

export interface LiveSpaceOptions {
  readonly config: ModelConfig;
  readonly variations: Variations;
  readonly load: { readonly name: 'concurrency' | 'request_rate'; readonly values: readonly number[] };
  /** Of the machine that serves; `undefined`: not known. */
  readonly cores: number | undefined;
}

const largestSpace = 20_000;

/**
 * The configurations and loads to search: those that `--vary` names, or what usually matters for the model. More threads than cores are
 * pruned where the cores are known.
 *
 * @throws PerfError `usage` when there are too many combinations
 */
export function liveSpace({ config, variations, load, cores }: LiveSpaceOptions): Space {
  const chosen = variations.size > 0 ? variations : usualVariations(config, cores);
  const dimensions = [
    ...[...chosen].map(([name, values]) => dimensionOf(name, values)),
    { name: load.name, kind: 'log' as const, values: load.values },
  ];
  const size = dimensions.reduce((product, { values }) => product * values.length, 1);
  if (size > largestSpace) {
    throw new PerfError(
      'usage',
      `Cannot search ${size} combinations: expected at most ${largestSpace}, got ${dimensions.map(({ name, values }) => `${values.length} of ${name}`).join(' x ')}`,
    );
  }
  return createSpace(dimensions, cores === undefined ? [] : [withinCores(cores)]);
}

function dimensionOf(name: string, values: readonly SettingValue[]): Dimension {
  const isLog = name === 'max_batch_size' || name.endsWith('_thread_count');
  const isNamed = values.some((value) => typeof value === 'string') || name === 'execution_mode';
  return {
    name,
    kind: isNamed ? 'categorical' : isLog && !values.includes(0) ? 'log' : 'integer',
    values,
  };
}

const usualInstances = 5;
const usualLargestBatch = 32;

function usualVariations(config: ModelConfig, cores: number | undefined): Variations {
  const most = Math.min(usualInstances, cores ?? usualInstances);
  const canBatch = config.max_batch_size > 0 && config.sequence_batching === undefined;
  return new Map<string, readonly SettingValue[]>([
    ['instance_count', Array.from({ length: most }, (_, index) => index + 1)],
    ...(canBatch
      ? ([
          ['max_batch_size', doublings(1, usualLargestBatch)],
          ['max_queue_delay_microseconds', [0, 500, 2000]],
        ] as const)
      : []),
    ...(cores === undefined ? [] : ([['intra_op_thread_count', [...new Set(doublings(1, cores))]]] as const)),
  ]);
}

const withinCores =
  (cores: number): Rule =>
  ({ instance_count: instances = 1, intra_op_thread_count: threads = 1 }) =>
    Number(instances) * Number(threads) > cores
      ? `${instances} instances with ${threads} threads each are more than the ${cores} cores`
      : undefined;

/** Loads of a range: by doubling, or by its step when that is not 1; both ends included. */
export function loadsOf({ kind, range }: SweptLoadSettings): LiveSpaceOptions['load'] {
  const { start, end, step } = range;
  const last = Math.max(start, end);
  const linear = Array.from({ length: Math.floor((last - start) / step) + 1 }, (_, index) => start + index * step);
  return {
    name: kind === 'concurrency' ? 'concurrency' : 'request_rate',
    values: step === 1 ? doublings(start, last) : linear,
  };
}
