import { type Candidate, isLoadName } from '../../core/trial.js';
import { withLeaves } from '../../protocol/config-leaves.js';
import type { DynamicBatching, InstanceGroup, ModelConfig } from '../../protocol/model-config.js';
import { settingsOf } from './model-settings.js';
import { fileNameOf } from './precision-names.js';

type Apply = (config: ModelConfig, value: string) => ModelConfig;

const parameter =
  (key: string): Apply =>
  (config, value) => ({ ...config, parameters: { ...config.parameters, [key]: { string_value: value } } });

/** What each dimension means in a model's configuration; they are applied in this order. */
const settings: Readonly<Record<string, Apply>> = {
  instance_count: (config, value) => ({ ...config, instance_group: instances(config, Number(value)) }),
  instance_kind: (config, value) => ({
    ...config,
    instance_group: config.instance_group.map((group) => ({ ...group, kind: value as InstanceGroup['kind'] })),
  }),
  max_batch_size: (config, value) =>
    withBatching({ ...config, ...withoutFull(config, Number(value)), max_batch_size: Number(value) }, {}),
  max_queue_delay_microseconds: (config, value) =>
    withBatching(config, { max_queue_delay_microseconds: Number(value) }),
  preferred_batch_size: (config, value) => withBatching(config, { preferred_batch_size: [Number(value)] }),
  intra_op_thread_count: parameter('intra_op_thread_count'),
  inter_op_thread_count: parameter('inter_op_thread_count'),
  execution_mode: parameter('execution_mode'),
  graph_level: (config, value) => ({
    ...config,
    optimization: { ...config.optimization, graph: { level: Number(value) } } as NonNullable<
      ModelConfig['optimization']
    >,
  }),
  precision: (config, value) => ({
    ...config,
    default_model_filename: fileNameOf(value) ?? config.default_model_filename,
  }),
};

/** The names of the dimensions that a live search can vary, beside the load: any other path of a field comes from a file. */
export const settingNames: readonly string[] = [...Object.keys(settings), 'batch_size'];

/**
 * The configuration of a candidate: what it does not name stays as it is. Names that are no settings are paths of fields.
 *
 * @param model whose configuration it is; `undefined` for the searched one
 * @throws Error for a path that a configuration does not have
 */
export function applyCandidate(config: ModelConfig, whole: Candidate, model?: string): ModelConfig {
  const candidate = settingsOf(whole, model);
  const fields = Object.entries(candidate).filter(([name]) => !(name in settings) && !isLoadName(name));
  return Object.entries(settings).reduce(
    (changed, [name, apply]) => (candidate[name] === undefined ? changed : apply(changed, String(candidate[name]))),
    withLeaves(config, Object.fromEntries(fields)),
  );
}

/** One group of the kind that the first one has; one that has the count already stays as it is. */
function instances({ instance_group: groups }: ModelConfig, count: number): readonly InstanceGroup[] {
  const [first, second] = groups;
  if (first?.count === count && second === undefined) return groups;
  const kind = first?.kind ?? 'KIND_CPU';
  return [{ ...(first ?? emptyGroup), name: '', kind, count }];
}

const emptyGroup = {
  name: '',
  gpus: [],
  secondary_devices: [],
  profile: [],
  passive: false,
  host_policy: '',
} as unknown as InstanceGroup;

/** A server that prefers full batches says so; with another largest size it prefers that one. */
function withoutFull(
  { dynamic_batching: batching, max_batch_size: largest }: ModelConfig,
  wanted: number,
): Partial<ModelConfig> {
  const { preferred_batch_size: [first, ...others] = [] } = batching ?? {};
  if (batching === undefined || wanted === largest || first !== largest || others.length > 0) return {};
  return { dynamic_batching: { ...batching, preferred_batch_size: [] } };
}

/** Preferred sizes above the largest one would be refused; those of a sequence batcher are none of ours. */
function withBatching(config: ModelConfig, change: Partial<DynamicBatching>): ModelConfig {
  if (config.max_batch_size === 0 || config.sequence_batching !== undefined) return config;
  const { preferred_batch_size = [], ...rest } = config.dynamic_batching ?? {};
  return {
    ...config,
    dynamic_batching: {
      ...rest,
      preferred_batch_size: preferred_batch_size.filter((size) => size <= config.max_batch_size),
      ...change,
    } as NonNullable<ModelConfig['dynamic_batching']>,
  };
}
