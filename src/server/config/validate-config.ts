import { PerfError } from '../../core/perf-error.js';
import type {
  BatchInput,
  BatchOutput,
  ConfigInput,
  ConfigOutput,
  InstanceGroup,
  ModelConfig,
} from '../../protocol/model-config.js';
import { isEnsemble } from '../backends/ensemble/validate-ensemble.js';
import type { BackendNames } from './normalize-config.js';
import { staysInside } from './read-model-file.js';
import { validateBatcher } from './validate-batcher.js';
import { validateSequences } from './validate-sequence.js';

/**
 * Checks what can be known without the model file (model configuration, 3).
 *
 * @throws PerfError with the first rule that is broken
 */
export function validateHead(config: ModelConfig, directoryName: string, backend: BackendNames): void {
  const { name } = config;
  validateIdentity(config, directoryName, backend);
  const file = config.default_model_filename;
  if (!staysInside(file)) {
    fail(`'default_model_filename' must stay inside the version directory of ${name}, got '${file}'`);
  }
}

/** Each is a thread or a process: a load request that asks for millions must not take the server along. */
const mostInstances = 128;

/**
 * Checks that this server can run the instances.
 *
 * @throws PerfError with the first rule that is broken
 */
export function validateGroups({ instance_group, name }: ModelConfig): void {
  for (const group of instance_group) validateGroup(group, name);
  const count = instance_group.reduce((sum, group) => sum + group.count, 0);
  if (count > mostInstances) fail(`model ${name} must have at most ${mostInstances} instances, got ${count}`);
  if (instance_group.every(({ passive }) => passive))
    fail(`all instances of model ${name} are passive: none would run`);
}

/**
 * Checks what every model has, whatever runs it.
 *
 * @throws PerfError with the first rule that is broken
 */
export function validateIdentity(
  config: ModelConfig,
  directoryName: string,
  backend: Pick<BackendNames, 'name' | 'platform'>,
): void {
  const { name } = config;
  if (name !== directoryName) {
    fail(`unexpected directory name '${directoryName}' for model '${name}', directory name must equal model name`);
  }
  if (config.platform !== backend.platform || config.backend !== backend.name) {
    fail(
      `unexpected 'platform' and 'backend' pair, got:${config.platform}, ${config.backend}: ` +
        `expected ${backend.platform}, ${backend.name}`,
    );
  }
  if (config.max_batch_size < 0) fail(`'max_batch_size' must be non-negative value for ${name}`);
  if (config.response_cache?.enable && (config.sequence_batching || config.model_transaction_policy?.decoupled)) {
    fail(`response_cache cannot be enabled for ${name}, which is decoupled or has sequence_batching`);
  }
}

/**
 * Checks a completed and normalised configuration (model configuration, 3).
 *
 * @throws PerfError with the first rule that is broken
 */
export function validateTensors(config: ModelConfig): void {
  if (config.input.length === 0) fail(`model configuration must specify 'input' for ${config.name}`);
  if (config.output.length === 0) fail(`model configuration must specify 'output' for ${config.name}`);
  const isBatching = config.max_batch_size > 0;
  for (const input of config.input) {
    validateTensor('input', input, isBatching);
    if (input.format !== 'FORMAT_NONE' && input.dims.length !== 3) {
      fail(`model input '${input.name}': ${input.format} requires 3 dims, got [${input.dims}]`);
    }
  }
  for (const output of config.output) validateTensor('output', output, isBatching);
  validateUnique('input', config.input);
  validateUnique('output', config.output);
  for (const batchInput of config.batch_input) validateBatchInput(batchInput, config);
  for (const batchOutput of config.batch_output) validateBatchOutput(batchOutput, config);
  validateSpecialInputs(config);
  validateSchedulers(config);
}

/**
 * Checks how requests are to be scheduled, as far as `max_batch_size` is known.
 *
 * @throws PerfError with the first rule that is broken
 */
export function validateSchedulers(config: ModelConfig): void {
  if (config.dynamic_batching !== undefined) validateBatcher(config.dynamic_batching, config);
  if (config.sequence_batching !== undefined) validateSequences(config.sequence_batching, config);
}

/** What inputs may be depends on whether the model batches. */
function validateSpecialInputs(config: ModelConfig): void {
  const isBatching = config.max_batch_size > 0;
  const optional = config.input.find((input) => input.optional);
  if (optional !== undefined && isBatching && config.backend !== 'javascript' && !isEnsemble(config)) {
    fail(`model input '${optional.name}' can only be optional with max_batch_size 0 for ${config.name}`);
  }
  const ragged = config.input.find((input) => input.allow_ragged_batch);
  if (ragged !== undefined && !isBatching) {
    fail(`model input '${ragged.name}' with allow_ragged_batch requires max_batch_size > 0 for ${config.name}`);
  }
}

function fail(message: string): never {
  throw new PerfError('model', message);
}

function validateGroup(group: InstanceGroup, modelName: string): void {
  const label = `instance group ${group.name} of model ${modelName}`;
  if (group.kind === 'KIND_GPU') fail(`${label} has kind KIND_GPU but server does not support GPUs`);
  if (group.kind === 'KIND_CPU' && group.gpus.length > 0) {
    fail(`${label} has kind KIND_CPU but specifies one or more GPUs`);
  }
}

function validateBatchInput({ target_name, data_type, source_input }: BatchInput, config: ModelConfig): void {
  const label = `batch input '${target_name.join(', ')}' of ${config.name}`;
  if (config.max_batch_size === 0) fail(`${label} requires max_batch_size > 0`);
  if (target_name.length === 0) fail(`${label} must specify 'target_name'`);
  if (data_type !== 'TYPE_INT32' && data_type !== 'TYPE_FP32') {
    fail(`${label} must be of data type TYPE_INT32 or TYPE_FP32, got ${data_type}`);
  }
  const [source] = source_input;
  if (source_input.length !== 1) fail(`${label} must specify exactly one 'source_input', got ${source_input.length}`);
  if (config.input.every(({ name }) => name !== source)) fail(`${label} has unknown source input '${source}'`);
}

function validateBatchOutput({ target_name, source_input }: BatchOutput, config: ModelConfig): void {
  const label = `batch output '${target_name.join(', ')}' of ${config.name}`;
  if (config.max_batch_size === 0) fail(`${label} requires max_batch_size > 0`);
  if (target_name.length === 0) fail(`${label} must specify 'target_name'`);
  const target = target_name.find((each) => config.output.every(({ name }) => name !== each));
  if (target !== undefined) fail(`${label} has unknown target '${target}'`);
  const [source] = source_input;
  if (source_input.length !== 1) fail(`${label} must specify exactly one 'source_input', got ${source_input.length}`);
  if (config.input.every(({ name }) => name !== source)) fail(`${label} has unknown source input '${source}'`);
}

function validateUnique(kind: string, tensors: readonly ConfigOutput[] | readonly ConfigInput[]): void {
  const seen = new Set<string>();
  for (const { name } of tensors) {
    if (seen.has(name)) fail(`model ${kind} '${name}' is listed more than once`);
    seen.add(name);
  }
}

function validateTensor(kind: string, tensor: ConfigInput | ConfigOutput, isBatching: boolean): void {
  const { name, dims, reshape } = tensor;
  if (name === '') fail(`model ${kind} must specify 'name'`);
  if (tensor.data_type === 'TYPE_INVALID') fail(`model ${kind} '${name}' must specify 'data_type'`);
  if (dims.length === 0) fail(`model ${kind} '${name}' must specify 'dims'`);
  validateDims(kind, name, dims);
  if (reshape !== undefined) {
    validateDims(kind, name, reshape.shape);
    validateReshape(`model ${kind} '${name}'`, { dims, shape: reshape.shape, isBatching });
  }
}

function validateDims(kind: string, name: string, dims: readonly number[]): void {
  for (const dim of dims) {
    if (dim === 0 || dim < -1) {
      fail(
        `model ${kind} '${name}' dimension must be integer >= 1, or -1 to indicate a variable-size dimension, got ${dim}`,
      );
    }
  }
}

/** Both sides must hold the same elements, whatever the variable dimensions turn out to be. */
function validateReshape(
  label: string,
  options: { readonly dims: readonly number[]; readonly shape: readonly number[]; readonly isBatching: boolean },
): void {
  const { dims, shape, isBatching } = options;
  if (shape.length === 0 && !isBatching) {
    fail(`${label} cannot have empty reshape for non-batching model as scalar tensors are not supported`);
  }
  const ofDims = productsBetweenVariables(dims);
  const ofShape = productsBetweenVariables(shape);
  if (ofDims.length !== ofShape.length) {
    fail(`${label} has different number of variable-size dimensions for dims and reshape`);
  }
  if (ofDims.some((product, index) => product !== ofShape[index])) {
    fail(`${label} has different size for dims and reshape`);
  }
}

function productsBetweenVariables(dims: readonly number[]): number[] {
  const products = [1];
  for (const dim of dims) {
    if (dim === -1) products.push(1);
    else products.push((products.pop() ?? 1) * dim);
  }
  return products;
}
