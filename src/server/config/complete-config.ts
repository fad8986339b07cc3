import { PerfError } from '../../core/perf-error.js';
import { toConfigDatatype } from '../../protocol/datatype.js';
import type { ConfigInput, ConfigOutput, DynamicBatching, ModelConfig } from '../../protocol/model-config.js';
import type { GraphTensor, ModelGraph } from '../backends/backend.js';
import { isServerInput, isStateOutput } from './server-tensors.js';

interface CompleteOptions {
  /** For a model that can batch and does not say how much. */
  readonly defaultMaxBatchSize: number;
  /** Where more is known than that all first dimensions are variable, which is the rule otherwise. */
  readonly canBatch?: boolean;
}

/**
 * Fills in what a configuration leaves out from the model's graph (model configuration, 4). One that lists both inputs
 * and outputs is left as it is.
 *
 * @throws PerfError when max_batch_size is set for a graph that cannot batch
 */
export function completeConfig(
  config: ModelConfig,
  graph: ModelGraph,
  { defaultMaxBatchSize, canBatch = looksBatchable(graph) }: CompleteOptions,
): ModelConfig {
  if (config.input.length > 0 && config.output.length > 0) return config;
  if (!canBatch && config.max_batch_size > 0) {
    throw new PerfError(
      'model',
      `autofill failed for model '${config.name}': model does not support batching while non-zero max_batch_size ` +
        'is specified',
    );
  }
  const maxBatchSize = canBatch ? config.max_batch_size || defaultMaxBatchSize : 0;
  const sent = graph.inputs.filter(({ name }) => !isServerInput(name, config));
  const returned = graph.outputs.filter(({ name }) => !isStateOutput(name, config));
  const addBatcher = maxBatchSize > 1 && !config.dynamic_batching && !config.sequence_batching;
  return {
    ...config,
    max_batch_size: maxBatchSize,
    input:
      config.input.length > 0
        ? config.input.map((input) => filledIn(input, graph.inputs, canBatch))
        : sent.map((tensor) => toInput(tensor, canBatch)),
    output:
      config.output.length > 0
        ? config.output.map((output) => filledIn(output, graph.outputs, canBatch))
        : returned.map((tensor) => toOutput(tensor, canBatch)),
    ...(addBatcher ? { dynamic_batching: emptyBatcher } : {}),
  };
}

const looksBatchable = ({ inputs, outputs }: ModelGraph): boolean =>
  [...inputs, ...outputs].every(({ shape }) => shape[0] === -1);

const emptyBatcher: DynamicBatching = {
  preferred_batch_size: [],
  max_queue_delay_microseconds: 0,
  preserve_ordering: false,
  priority_levels: 0,
  default_priority_level: 0,
  priority_queue_policy: {},
};

/** Dims cannot be empty: a tensor that has only a batch dimension is shown as one element. */
function dimsOf({ shape }: GraphTensor, canBatch: boolean): Pick<ConfigInput, 'dims' | 'reshape'> {
  const dims = canBatch ? shape.slice(1) : shape;
  if (dims.length > 0) return { dims };
  return canBatch ? { dims: [1], reshape: { shape: [] } } : { dims: [1] };
}

/** What a listed tensor leaves out, from that of the graph with the same name. */
function filledIn<Tensor extends ConfigInput | ConfigOutput>(
  tensor: Tensor,
  graph: readonly GraphTensor[],
  canBatch: boolean,
): Tensor {
  const known = graph.find(({ name }) => name === tensor.name);
  if (known === undefined) return tensor;
  return {
    ...tensor,
    ...(tensor.data_type === 'TYPE_INVALID' && { data_type: toConfigDatatype(known.datatype) }),
    ...(tensor.dims.length === 0 && dimsOf(known, canBatch)),
  };
}

function toOutput(tensor: GraphTensor, canBatch: boolean): ConfigOutput {
  return {
    name: tensor.name,
    data_type: toConfigDatatype(tensor.datatype),
    ...dimsOf(tensor, canBatch),
    label_filename: '',
    is_shape_tensor: false,
    is_non_linear_format_io: false,
  };
}

function toInput(tensor: GraphTensor, canBatch: boolean): ConfigInput {
  const { label_filename, ...shared } = toOutput(tensor, canBatch);
  return { ...shared, format: 'FORMAT_NONE', allow_ragged_batch: false, optional: false };
}
