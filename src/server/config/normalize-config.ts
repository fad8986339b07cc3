import type { InstanceGroup, ModelConfig, SequenceBatching } from '../../protocol/model-config.js';

/** The parts of a backend that configurations name. */
export interface BackendNames {
  readonly name: string;
  readonly platform: string;
  readonly defaultModelFilename: string;
  readonly cpuInstances: number;
}

/** What can be filled in before the model file is read: names, version policy, instances (model configuration, 3). */
export function normalizeHead(config: ModelConfig, directoryName: string, backend: BackendNames): ModelConfig {
  const name = config.name || directoryName;
  return {
    ...config,
    name,
    platform: config.platform || backend.platform,
    backend: config.backend || backend.name,
    default_model_filename: config.default_model_filename || backend.defaultModelFilename,
    version_policy: config.version_policy ?? { latest: { num_versions: 1 } },
    instance_group: normalizeGroups(config.instance_group, name, backend.cpuInstances),
    optimization: {
      priority: 'PRIORITY_DEFAULT',
      gather_kernel_buffer_threshold: 0,
      eager_batching: false,
      ...config.optimization,
      input_pinned_memory: config.optimization?.input_pinned_memory ?? { enable: true },
      output_pinned_memory: config.optimization?.output_pinned_memory ?? { enable: true },
    },
  };
}

/** What depends on the completed configuration: a batcher without preferred sizes prefers full batches. */
export function normalizeBatcher(config: ModelConfig): ModelConfig {
  const { dynamic_batching: dynamic, sequence_batching: sequence } = config;
  return {
    ...config,
    ...(dynamic === undefined ? {} : { dynamic_batching: preferFull(dynamic, config) }),
    ...(sequence === undefined ? {} : { sequence_batching: normalizeSequences(sequence, config) }),
  };
}

function preferFull<Batcher extends { readonly preferred_batch_size: readonly number[] }>(
  batcher: Batcher,
  { max_batch_size }: ModelConfig,
): Batcher {
  if (batcher.preferred_batch_size.length > 0 || max_batch_size <= 0) return batcher;
  return { ...batcher, preferred_batch_size: [max_batch_size] };
}

/** Sequences are ended after a second without a request, and pinned to batch slots, unless it is said otherwise. */
function normalizeSequences(batcher: SequenceBatching, config: ModelConfig): SequenceBatching {
  const { oldest, direct } = batcher;
  const pinned = direct ?? { max_queue_delay_microseconds: 0, minimum_slot_utilization: 0 };
  return {
    ...batcher,
    max_sequence_idle_microseconds: batcher.max_sequence_idle_microseconds || 1_000_000,
    ...(oldest === undefined ? { direct: pinned } : { oldest: preferFull(oldest, config) }),
  };
}

const defaultGroup: InstanceGroup = {
  name: '',
  kind: 'KIND_AUTO',
  count: 0,
  gpus: [],
  profile: [],
  passive: false,
  host_policy: '',
  secondary_devices: [],
};

/** This server has no GPU, so KIND_AUTO is KIND_CPU unless the group names GPUs. */
function normalizeGroups(groups: readonly InstanceGroup[], modelName: string, cpuInstances: number): InstanceGroup[] {
  const named = groups.length > 0 ? groups : [{ ...defaultGroup, name: modelName }];
  return named.map((group, index) => {
    const automatic = group.gpus.length > 0 ? 'KIND_GPU' : 'KIND_CPU';
    const kind = group.kind === 'KIND_AUTO' ? automatic : group.kind;
    const count = group.count >= 1 ? group.count : kind === 'KIND_CPU' ? cpuInstances : 1;
    return { ...group, name: group.name || `${modelName}_${index}`, kind, count };
  });
}
