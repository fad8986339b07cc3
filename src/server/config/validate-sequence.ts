import { PerfError } from '../../core/perf-error.js';
import type {
  ModelConfig,
  SequenceBatching,
  SequenceControl,
  SequenceControlInput,
  SequenceState,
} from '../../protocol/model-config.js';
import { sequenceTensors } from './server-tensors.js';

/**
 * Checks strategy, control tensors and implicit state of a sequence batcher (model configuration, 1 and 7.3).
 *
 * @throws PerfError with the first rule that is broken
 */
export function validateSequences(batcher: SequenceBatching, config: ModelConfig): void {
  validateControls(batcher.control_input, config.name);
  for (const state of batcher.state) validateState(state, config.name);
  validateStrategy(batcher, config);
  validateNames(config);
}

function fail(message: string): never {
  throw new PerfError('model', message);
}

function validateStrategy({ direct, oldest }: SequenceBatching, { name, max_batch_size }: ModelConfig): void {
  for (const size of oldest?.preferred_batch_size ?? []) {
    if (size <= 0) fail(`sequence batching preferred batch size must be positive for ${name}`);
    if (size > max_batch_size) fail(`sequence batching preferred batch size must be <= max batch size for ${name}`);
  }
  if (oldest !== undefined && oldest.max_candidate_sequences < 0) {
    fail(`sequence batching max_candidate_sequences must not be negative for ${name}`);
  }
  const utilization = direct?.minimum_slot_utilization ?? 0;
  if (!(utilization >= 0 && utilization <= 1)) {
    fail(`sequence batching minimum slot utilization must be in range (0.0, 1.0] for ${name}`);
  }
}

function validateControls(inputs: readonly SequenceControlInput[], model: string): void {
  const names = new Set<string>();
  for (const { name } of inputs) {
    if (name === '') fail(`sequence batching control tensor must have a name for ${model}`);
    if (names.has(name)) {
      fail(`sequence batching control tensor '${name}' is specified for multiple control kinds for ${model}`);
    }
    names.add(name);
  }
  const kinds = new Set<string>();
  for (const { name, control: controls } of inputs) {
    const [control, second] = controls;
    if (control === undefined || second !== undefined) {
      fail(`sequence batching control tensor '${name}' must carry one control for ${model}, got ${controls.length}`);
    }
    if (kinds.has(control.kind)) fail(`sequence batching specifies multiple ${control.kind} tensors for ${model}`);
    kinds.add(control.kind);
    validateControl(control, model);
  }
}

function validateControl(control: SequenceControl, model: string): void {
  if (control.kind === 'CONTROL_SEQUENCE_CORRID') validateId(control, model);
  else validateFlag(control, model);
}

const idTypes = ['TYPE_UINT64', 'TYPE_INT64', 'TYPE_UINT32', 'TYPE_INT32', 'TYPE_STRING'];

/** The pairs of values that a control names, by field. */
const pairsOf = (control: SequenceControl) =>
  (['int32_false_true', 'fp32_false_true', 'bool_false_true'] as const)
    .map((field) => ({ field, length: control[field].length }))
    .filter(({ length }) => length > 0);

function validateId(control: SequenceControl, model: string): void {
  if (pairsOf(control).length > 0) {
    fail(
      "sequence batching must not specify either 'int32_false_true', 'fp32_false_true' or 'bool_false_true' for " +
        `${control.kind} for ${model}`,
    );
  }
  if (!idTypes.includes(control.data_type)) {
    fail(
      `unexpected data type for control ${control.kind} for ${model}, got ${control.data_type}. Allowed data types are ` +
        'TYPE_UINT64, TYPE_INT64, TYPE_UINT32, TYPE_INT32 and TYPE_STRING',
    );
  }
}

function validateFlag(control: SequenceControl, model: string): void {
  const [pair, second] = pairsOf(control);
  if (pair === undefined) {
    fail(
      "sequence batching must specify either 'int32_false_true', 'fp32_false_true' or 'bool_false_true' for " +
        `${control.kind} for ${model}`,
    );
  }
  if (second !== undefined) {
    fail(
      "sequence batching specifies more than one from 'int32_false_true', 'fp32_false_true' and 'bool_false_true' for " +
        `${control.kind} for ${model}`,
    );
  }
  if (pair.length !== 2) {
    fail(`sequence batching control '${pair.field}' must have exactly 2 entries for ${control.kind} for ${model}`);
  }
}

function validateState(state: SequenceState, model: string): void {
  const { input_name: name, initial_state: initials } = state;
  if (name === '' || state.output_name === '') fail(`state must specify 'input_name' and 'output_name' for ${model}`);
  if (state.data_type === 'TYPE_INVALID') fail(`state '${name}' must specify 'data_type' for ${model}`);
  const wrong = state.dims.find((dim) => dim === 0 || dim < -1);
  if (wrong !== undefined) {
    fail(
      `state '${name}' dimension must be integer >= 1, or -1 to indicate a variable-size dimension, got ${wrong} for ` +
        model,
    );
  }
  if (initials.length > 1) {
    fail(
      `initial_state field for state input '${name}' must contain exactly one or zero element. ` +
        `Found '${initials.length}' elements.`,
    );
  }
  if (state.use_growable_memory) {
    fail(`'use_growable_memory' can only work with KIND_GPU model instances: expected false for state input '${name}'`);
  }
  validateInitial(state);
}

function validateInitial({ input_name: name, data_type, dims, initial_state: [initial] }: SequenceState): void {
  if (initial === undefined) return;
  if (initial.data_type !== data_type) {
    fail(`The data type used for 'initial_state' field of state '${name}' does not match the state data type.`);
  }
  if (initial.name === '') fail(`Field 'name' must be set when using initial_state for state input '${name}'.`);
  if (initial.dims.length !== dims.length) {
    fail(
      "Number of dimensions in 'initial_state' doesn't match the size of 'state' dimensions for state input " +
        `'${name}'. ${initial.dims.length} != ${dims.length}`,
    );
  }
  initial.dims.forEach((dim, index) => {
    if (dim === -1) fail(`'initial_state' field for state input name '${name}' contains variable dimensions.`);
    if (dim < 1 || (dims[index] !== -1 && dims[index] !== dim)) {
      fail(
        `'initial_state' dim for input name '${name}' doesn't match 'state' dim description. ${dim} != ${dims[index]}`,
      );
    }
  });
  if (initial.data_file === undefined && initial.zero_data === undefined) {
    fail(`initial_state setting expects state '${name}' to have state_data set`);
  }
}

/** What the server feeds clients cannot send; a state may be an output as well, so that clients see it. */
function validateNames(config: ModelConfig): void {
  const { inputs, outputs } = sequenceTensors(config);
  const taken = new Set(config.input.map(({ name }) => name));
  for (const { name } of inputs) {
    if (taken.has(name))
      fail(`tensor '${name}' is more than one of input, sequence control and state of ${config.name}`);
    taken.add(name);
  }
  const states = new Set(outputs.map(({ name }) => name));
  if (states.size < outputs.length) fail(`two states have the same output_name for ${config.name}`);
}
