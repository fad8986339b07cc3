import type { ConfigDatatype } from './datatype.js';

/**
 * Triton's model configuration with the names of `model_config.proto`. Scalars, lists and maps are always there
 * (zero value when unset); a message member is absent when unset. As JSON text it is what
 * `GET /v2/models/{model}/config` answers.
 */
export interface ModelConfig {
  readonly name: string;
  readonly platform: string;
  readonly backend: string;
  readonly runtime: string;
  readonly version_policy?: VersionPolicy;
  readonly max_batch_size: number;
  readonly input: readonly ConfigInput[];
  readonly output: readonly ConfigOutput[];
  readonly batch_input: readonly BatchInput[];
  readonly batch_output: readonly BatchOutput[];
  readonly instance_group: readonly InstanceGroup[];
  readonly default_model_filename: string;
  readonly cc_model_filenames: Readonly<Record<string, string>>;
  readonly metric_tags: Readonly<Record<string, string>>;
  readonly parameters: Readonly<Record<string, { readonly string_value: string }>>;
  readonly model_warmup: readonly Warmup[];
  readonly dynamic_batching?: DynamicBatching;
  readonly sequence_batching?: SequenceBatching;
  readonly ensemble_scheduling?: EnsembleScheduling;
  readonly optimization?: Optimization;
  readonly model_operations?: { readonly op_library_filename: readonly string[] };
  readonly model_transaction_policy?: { readonly decoupled: boolean };
  readonly model_repository_agents?: Readonly<Record<string, unknown>>;
  readonly response_cache?: { readonly enable: boolean };
  readonly model_metrics?: { readonly metric_control: readonly MetricControl[] };
}

/** How one family of metrics of the model is kept. */
export interface MetricControl {
  readonly metric_identifier?: { readonly family: string };
  readonly histogram_options?: { readonly buckets: readonly number[] };
}

export interface VersionPolicy {
  readonly latest?: { readonly num_versions: number };
  readonly all?: Readonly<Record<string, never>>;
  readonly specific?: { readonly versions: readonly number[] };
}

export interface TensorReshape {
  readonly shape: readonly number[];
}

export interface ConfigOutput {
  readonly name: string;
  readonly data_type: ConfigDatatype;
  /** What clients see, without the batch dimension; -1 = variable. */
  readonly dims: readonly number[];
  readonly reshape?: TensorReshape;
  readonly label_filename: string;
  readonly is_shape_tensor: boolean;
  readonly is_non_linear_format_io: boolean;
}

export interface ConfigInput {
  readonly name: string;
  readonly data_type: ConfigDatatype;
  readonly format: 'FORMAT_NONE' | 'FORMAT_NHWC' | 'FORMAT_NCHW';
  /** What clients see, without the batch dimension; -1 = variable. */
  readonly dims: readonly number[];
  readonly reshape?: TensorReshape;
  readonly is_shape_tensor: boolean;
  readonly allow_ragged_batch: boolean;
  readonly optional: boolean;
  readonly is_non_linear_format_io: boolean;
}

export interface InstanceGroup {
  readonly name: string;
  readonly kind: 'KIND_AUTO' | 'KIND_GPU' | 'KIND_CPU' | 'KIND_MODEL';
  readonly count: number;
  readonly gpus: readonly number[];
  readonly profile: readonly string[];
  readonly passive: boolean;
  readonly host_policy: string;
  readonly secondary_devices: readonly unknown[];
  readonly rate_limiter?: RateLimiterConfig;
}

/** What one execution of an instance needs. */
export interface RateLimiterConfig {
  readonly resources: readonly { readonly name: string; readonly global: boolean; readonly count: number }[];
  readonly priority: number;
}

export type BatchInputKind =
  | 'BATCH_ELEMENT_COUNT'
  | 'BATCH_ACCUMULATED_ELEMENT_COUNT'
  | 'BATCH_ACCUMULATED_ELEMENT_COUNT_WITH_ZERO'
  | 'BATCH_MAX_ELEMENT_COUNT_AS_SHAPE'
  | 'BATCH_ITEM_SHAPE'
  | 'BATCH_ITEM_SHAPE_FLATTEN';

export interface BatchInput {
  readonly kind: BatchInputKind;
  readonly target_name: readonly string[];
  readonly data_type: ConfigDatatype;
  readonly source_input: readonly string[];
}

/** An output without a batch dimension of its own: each request gets as many of its elements as its source input has. */
export interface BatchOutput {
  readonly kind: 'BATCH_SCATTER_WITH_INPUT_SHAPE';
  readonly target_name: readonly string[];
  readonly source_input: readonly string[];
}

export interface QueuePolicy {
  readonly timeout_action: 'REJECT' | 'DELAY';
  readonly default_timeout_microseconds: number;
  readonly allow_timeout_override: boolean;
  readonly max_queue_size: number;
}

export interface DynamicBatching {
  readonly preferred_batch_size: readonly number[];
  readonly max_queue_delay_microseconds: number;
  readonly preserve_ordering: boolean;
  readonly priority_levels: number;
  readonly default_priority_level: number;
  readonly default_queue_policy?: QueuePolicy;
  readonly priority_queue_policy: Readonly<Record<string, QueuePolicy>>;
}

/** A pipeline of models. What steps give and take are ensemble tensors, which have names of their own. */
export interface EnsembleScheduling {
  /** In any order: a step runs when its inputs are there. */
  readonly step: readonly EnsembleStep[];
  /** How many requests of one step may be under way at once; 0 = no limit. */
  readonly max_inflight_requests: number;
}

export interface EnsembleStep {
  readonly model_name: string;
  /** -1 = the latest. */
  readonly model_version: number;
  /** Input of the model -> ensemble tensor. */
  readonly input_map: Readonly<Record<string, string>>;
  /** Output of the model -> ensemble tensor. */
  readonly output_map: Readonly<Record<string, string>>;
  readonly model_namespace: string;
}

export interface SequenceBatching {
  readonly max_sequence_idle_microseconds: number;
  readonly control_input: readonly SequenceControlInput[];
  readonly direct?: { readonly max_queue_delay_microseconds: number; readonly minimum_slot_utilization: number };
  readonly oldest?: {
    readonly max_candidate_sequences: number;
    readonly preferred_batch_size: readonly number[];
    readonly max_queue_delay_microseconds: number;
    readonly preserve_ordering: boolean;
  };
  readonly state: readonly SequenceState[];
  readonly iterative_sequence: boolean;
}

export interface SequenceControlInput {
  readonly name: string;
  readonly control: readonly SequenceControl[];
}

export type SequenceControlKind =
  | 'CONTROL_SEQUENCE_START'
  | 'CONTROL_SEQUENCE_READY'
  | 'CONTROL_SEQUENCE_END'
  | 'CONTROL_SEQUENCE_CORRID';

export interface SequenceControl {
  readonly kind: SequenceControlKind;
  readonly int32_false_true: readonly number[];
  readonly fp32_false_true: readonly number[];
  readonly bool_false_true: readonly boolean[];
  readonly data_type: ConfigDatatype;
}

export interface SequenceState {
  readonly input_name: string;
  readonly output_name: string;
  readonly data_type: ConfigDatatype;
  readonly dims: readonly number[];
  readonly initial_state: readonly InitialState[];
  readonly use_same_buffer_for_input_output: boolean;
  readonly use_growable_memory: boolean;
}

export interface InitialState {
  readonly name: string;
  readonly data_type: ConfigDatatype;
  readonly dims: readonly number[];
  readonly zero_data?: boolean;
  readonly data_file?: string;
}

export interface Warmup {
  readonly name: string;
  readonly batch_size: number;
  readonly count: number;
  readonly inputs: Readonly<Record<string, WarmupInput>>;
}

export interface WarmupInput {
  readonly data_type: ConfigDatatype;
  readonly dims: readonly number[];
  readonly zero_data?: boolean;
  readonly random_data?: boolean;
  readonly input_data_file?: string;
}

/** What a framework may use beside its own kernels. */
export interface ExecutionAccelerator {
  readonly name: string;
  readonly parameters: Readonly<Record<string, string>>;
}

export interface Optimization {
  readonly graph?: { readonly level: number };
  readonly priority: string;
  readonly cuda?: Readonly<Record<string, unknown>>;
  readonly execution_accelerators?: {
    readonly gpu_execution_accelerator: readonly ExecutionAccelerator[];
    readonly cpu_execution_accelerator: readonly ExecutionAccelerator[];
  };
  readonly input_pinned_memory?: { readonly enable: boolean };
  readonly output_pinned_memory?: { readonly enable: boolean };
  readonly gather_kernel_buffer_threshold: number;
  readonly eager_batching: boolean;
}
