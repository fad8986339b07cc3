import test from 'ava';
import { checkGraph } from '../../../src/server/config/check-graph.js';
import { completeConfig } from '../../../src/server/config/complete-config.js';
import { normalizeBatcher } from '../../../src/server/config/normalize-config.js';
import { prepareSequences } from '../../../src/server/config/prepare-sequences.js';
import { planTensors } from '../../../src/server/config/tensor-plan.js';
import { validateTensors } from '../../../src/server/config/validate-config.js';
import { testRepository } from '../model-folder.js';
import { accumulatorControls, accumulatorState } from '../sequence-models.js';
import { headOf } from './test-config.js';

const tensors =
  'input { name: "INPUT" data_type: TYPE_INT32 dims: [ 1 ] } output { name: "OUTPUT" data_type: TYPE_INT32 dims: [ 1 ] }';
const sequences = (members: string, maxBatchSize = 4) =>
  headOf(`max_batch_size: ${maxBatchSize} ${tensors} sequence_batching { ${members} }`);
const start = (values: string) => `control_input { name: "S" control { kind: CONTROL_SEQUENCE_START ${values} } }`;
const id = (values: string) => `control_input { name: "I" control { kind: CONTROL_SEQUENCE_CORRID ${values} } }`;
const initial = (members: string) => accumulatorState(`initial_state { ${members} }`);

test('normalizeBatcher gives sequences a strategy, an idle time and preferred sizes', (t) => {
  const of = (members: string) => normalizeBatcher(sequences(members)).sequence_batching;
  t.like(of(''), {
    max_sequence_idle_microseconds: 1_000_000,
    direct: { max_queue_delay_microseconds: 0, minimum_slot_utilization: 0 },
    oldest: undefined,
  });
  t.like(of('max_sequence_idle_microseconds: 5 oldest { max_candidate_sequences: 9 }'), {
    max_sequence_idle_microseconds: 5,
    oldest: { max_candidate_sequences: 9, preferred_batch_size: [4] },
    direct: undefined,
  });
});

test('validateTensors takes controls of every type, and states', (t) => {
  for (const members of [
    `${accumulatorControls()} ${accumulatorState()}`,
    start('fp32_false_true: [ 0, 1 ]'),
    start('bool_false_true: [ false, true ]'),
    ...['UINT64', 'INT64', 'UINT32', 'INT32', 'STRING'].map((type) => id(`data_type: TYPE_${type}`)),
    initial('name: "zeros" data_type: TYPE_INT32 dims: [ 1 ] zero_data: true'),
    'direct { minimum_slot_utilization: 1 }',
  ]) {
    t.notThrows(() => validateTensors(sequences(members)), members);
  }
});

for (const [members, message] of [
  ['control_input { control { } }', 'sequence batching control tensor must have a name for m'],
  [
    `${start('int32_false_true: [ 0, 1 ]')} ${start('int32_false_true: [ 0, 1 ]')}`,
    "sequence batching control tensor 'S' is specified for multiple control kinds for m",
  ],
  ['control_input { name: "S" }', "sequence batching control tensor 'S' must carry one control for m, got 0"],
  [
    `${start('int32_false_true: [ 0, 1 ]')} ${start('int32_false_true: [ 0, 1 ]').replace('"S"', '"T"')}`,
    'sequence batching specifies multiple CONTROL_SEQUENCE_START tensors for m',
  ],
  [
    start(''),
    "sequence batching must specify either 'int32_false_true', 'fp32_false_true' or 'bool_false_true' for CONTROL_SEQUENCE_START for m",
  ],
  [
    start('int32_false_true: [ 0, 1 ] bool_false_true: [ false, true ]'),
    "sequence batching specifies more than one from 'int32_false_true', 'fp32_false_true' and 'bool_false_true' for CONTROL_SEQUENCE_START for m",
  ],
  [
    start('fp32_false_true: [ 0, 1, 2 ]'),
    "sequence batching control 'fp32_false_true' must have exactly 2 entries for CONTROL_SEQUENCE_START for m",
  ],
  [
    id('data_type: TYPE_FP32'),
    'unexpected data type for control CONTROL_SEQUENCE_CORRID for m, got TYPE_FP32. Allowed data types are TYPE_UINT64, TYPE_INT64, TYPE_UINT32, TYPE_INT32 and TYPE_STRING',
  ],
  [
    id('data_type: TYPE_INT64 int32_false_true: [ 0, 1 ]'),
    "sequence batching must not specify either 'int32_false_true', 'fp32_false_true' or 'bool_false_true' for CONTROL_SEQUENCE_CORRID for m",
  ],
  ['oldest { preferred_batch_size: [ 0 ] }', 'sequence batching preferred batch size must be positive for m'],
  ['oldest { preferred_batch_size: [ 5 ] }', 'sequence batching preferred batch size must be <= max batch size for m'],
  ['oldest { max_candidate_sequences: -1 }', 'sequence batching max_candidate_sequences must not be negative for m'],
  [
    'direct { minimum_slot_utilization: 1.5 }',
    'sequence batching minimum slot utilization must be in range (0.0, 1.0] for m',
  ],
  [
    'direct { minimum_slot_utilization: -0.5 }',
    'sequence batching minimum slot utilization must be in range (0.0, 1.0] for m',
  ],
  ['state { input_name: "A" }', "state must specify 'input_name' and 'output_name' for m"],
  ['state { input_name: "A" output_name: "B" }', "state 'A' must specify 'data_type' for m"],
  [
    accumulatorState().replace('[ 1 ]', '[ 0 ]'),
    "state 'SUM_IN' dimension must be integer >= 1, or -1 to indicate a variable-size dimension, got 0 for m",
  ],
  [
    accumulatorState('initial_state { } initial_state { }'),
    "initial_state field for state input 'SUM_IN' must contain exactly one or zero element. Found '2' elements.",
  ],
  [
    accumulatorState('use_growable_memory: true'),
    "'use_growable_memory' can only work with KIND_GPU model instances: expected false for state input 'SUM_IN'",
  ],
  [
    initial('name: "i" data_type: TYPE_FP32 dims: [ 1 ] zero_data: true'),
    "The data type used for 'initial_state' field of state 'SUM_IN' does not match the state data type.",
  ],
  [
    initial('data_type: TYPE_INT32 dims: [ 1 ] zero_data: true'),
    "Field 'name' must be set when using initial_state for state input 'SUM_IN'.",
  ],
  [
    initial('name: "i" data_type: TYPE_INT32 dims: [ 1, 2 ] zero_data: true'),
    "Number of dimensions in 'initial_state' doesn't match the size of 'state' dimensions for state input 'SUM_IN'. 2 != 1",
  ],
  [
    initial('name: "i" data_type: TYPE_INT32 dims: [ -1 ] zero_data: true'),
    "'initial_state' field for state input name 'SUM_IN' contains variable dimensions.",
  ],
  [
    initial('name: "i" data_type: TYPE_INT32 dims: [ 2 ] zero_data: true'),
    "'initial_state' dim for input name 'SUM_IN' doesn't match 'state' dim description. 2 != 1",
  ],
  [
    initial('name: "i" data_type: TYPE_INT32 dims: [ 1 ]'),
    "initial_state setting expects state 'SUM_IN' to have state_data set",
  ],
  [
    `${accumulatorState()} ${accumulatorState()}`,
    "tensor 'SUM_IN' is more than one of input, sequence control and state of m",
  ],
  [
    accumulatorState().replace('SUM_IN', 'INPUT'),
    "tensor 'INPUT' is more than one of input, sequence control and state of m",
  ],
] as const) {
  test(`validateTensors refuses sequence_batching { ${members} }`, (t) => {
    t.throws(() => validateTensors(sequences(members)), { message });
  });
}

const column = (name: string, datatype: 'INT32' | 'FP32' = 'INT32') => ({ name, datatype, shape: [-1, 1] });
const graph = {
  inputs: [column('INPUT'), column('S'), column('SUM_IN')],
  outputs: [column('OUTPUT'), column('SUM_OUT')],
};
const stateful = `${start('int32_false_true: [ 0, 1 ]')} ${accumulatorState()}`;

test('completeConfig leaves controls and states out of what clients see, and adds no dynamic batcher', (t) => {
  const config = completeConfig(headOf(`sequence_batching { ${stateful} }`), graph, { defaultMaxBatchSize: 4 });
  t.deepEqual([config.input.map(({ name }) => name), config.output.map(({ name }) => name)], [['INPUT'], ['OUTPUT']]);
  t.deepEqual([config.max_batch_size, config.dynamic_batching], [4, undefined]);
  t.notThrows(() => checkGraph(config, graph));
});

for (const [title, members, changed, message] of [
  [
    'a control that the model lacks',
    stateful,
    { ...graph, inputs: [column('INPUT'), column('T'), column('SUM_IN')] },
    "unexpected inference input 'S', allowed inputs are: INPUT, T, SUM_IN",
  ],
  [
    'a control of another type',
    stateful,
    { ...graph, inputs: [column('INPUT'), column('S', 'FP32'), column('SUM_IN')] },
    "unable to load model 'm', configuration expects datatype TYPE_INT32 for input 'S', model provides TYPE_FP32",
  ],
  [
    'a state that the model does not give',
    stateful,
    { ...graph, outputs: [column('OUTPUT')] },
    "unexpected inference output 'SUM_OUT', allowed outputs are: OUTPUT",
  ],
  [
    'an input that nobody feeds',
    accumulatorState(),
    graph,
    "unable to load model 'm', configuration expects 2 inputs, model provides 3",
  ],
] as const) {
  test(`checkGraph refuses ${title}`, (t) => {
    t.throws(() => checkGraph(sequences(members), changed), { message });
  });
}

test('prepareSequences reads initial states, and says what a file lacks', async (t) => {
  await using folder = await testRepository({
    'initial_state/five': Uint8Array.of(5, 0, 0, 0, 9, 9),
    'initial_state/short': Uint8Array.of(5, 0),
    secret: Uint8Array.of(1, 2, 3, 4),
  });
  const prepared = (file: string) => {
    const state = initial(`name: "i" data_type: TYPE_INT32 dims: [ 1 ] data_file: "${file}"`);
    const config = normalizeBatcher(sequences(state));
    return prepareSequences(config, planTensors(config, graph), folder.path);
  };
  const plan = await prepared('five');
  t.like(plan?.states[0]?.initial, { shape: [1, 1], datatype: 'INT32' });
  t.deepEqual([...(plan?.states[0]?.initial.data ?? [])], [5, 0, 0, 0]);
  await t.throwsAsync(prepared('short'), {
    message: "initial_state setting of state 'SUM_IN' expects 4 bytes, got 2 in short",
  });
  await t.throwsAsync(prepared('none'), { message: /^Cannot read 'initial_state.data_file': ENOENT/ });
  for (const file of ['../secret', '/etc/hostname', '']) {
    await t.throwsAsync(prepared(file), { message: /^'initial_state.data_file' must name a file in / });
  }
});
