import type { InstanceGroup, ModelConfig } from '../../protocol/model-config.js';

/** The parts of a backend that configurations name. */
export interface BackendNames {
  readonly name: string;
  readonly platform: string;
  readonly defaultModelFilename: string;
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
    instance_group: normalizeGroups(config.instance_group, name),
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
  const batcher = config.dynamic_batching;
  if (batcher === undefined || batcher.preferred_batch_size.length > 0 || config.max_batch_size <= 0) return config;
  return { ...config, dynamic_batching: { ...batcher, preferred_batch_size: [config.max_batch_size] } };
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

/** This server has no GPU, so KIND_AUTO is KIND_CPU unless the group names GPUs. Two instances on a CPU by default. */
function normalizeGroups(groups: readonly InstanceGroup[], modelName: string): InstanceGroup[] {
  const named = groups.length > 0 ? groups : [{ ...defaultGroup, name: modelName }];
  return named.map((group, index) => {
    const automatic = group.gpus.length > 0 ? 'KIND_GPU' : 'KIND_CPU';
    const kind = group.kind === 'KIND_AUTO' ? automatic : group.kind;
    const count = group.count >= 1 ? group.count : kind === 'KIND_CPU' ? 2 : 1;
    return { ...group, name: group.name || `${modelName}_${index}`, kind, count };
  });
}
