import test from 'ava';
import { parseModelConfig } from '../../../src/protocol/model-config-codec.js';
import { checkGraph } from '../../../src/server/config/check-graph.js';
import { completeConfig } from '../../../src/server/config/complete-config.js';
import { normalizeBatcher, normalizeHead } from '../../../src/server/config/normalize-config.js';
import { readConfigJson, readConfigText } from '../../../src/server/config/read-config.js';
import { refuseUnsupported } from '../../../src/server/config/refuse-unsupported.js';
import { planTensors } from '../../../src/server/config/tensor-plan.js';
import { validateGroups, validateHead, validateTensors } from '../../../src/server/config/validate-config.js';
import { graphOf, headOf, ortNames } from './test-config.js';

for (const [text, message] of [
  ['name: "m"\nfoo: 3\n', "/r/m/config.pbtxt:2: unknown field 'foo' in ModelConfig, got: foo: 3"],
  [
    'input [\n { name: "x" bar: 3 } ]',
    '/r/m/config.pbtxt:2: unknown field \'bar\' in ModelInput, got: { name: "x" bar: 3 } ]',
  ],
  ['name: "m"\nmax_batch_size: "x"', '/r/m/config.pbtxt:2: integer value expected, got: max_batch_size: "x"'],
  [
    'input {\n data_type: TYPE_FOO\n}',
    '/r/m/config.pbtxt:2: enum value expected in ModelInput.data_type, got: data_type: TYPE_FOO',
  ],
  ['input {\n name: "x"', '/r/m/config.pbtxt:2: expected \'}\', got: name: "x"'],
] as const) {
  test(`readConfigText names file and line of ${JSON.stringify(text)}`, (t) => {
    t.throws(() => readConfigText(text, '/r/m/config.pbtxt'), { message });
  });
}

for (const [text, message] of [
  ['{"foo":1}', 'load parameter \'config\': unknown field: "foo" in ModelConfig'],
  ['{"max_batch_size":"x"}', 'load parameter \'config\': invalid integer: "x" in ModelConfig.max_batch_size'],
] as const) {
  test(`readConfigJson names the member of ${text}`, (t) => {
    t.throws(() => readConfigJson(text), { message });
  });
}

test('readConfigJson refuses what is not JSON', (t) => {
  t.throws(() => readConfigJson('name: "m"'), { message: /^load parameter 'config': / });
});

test('normalizeHead fills in names, version policy, memory and two CPU instances', (t) => {
  const head = headOf('');
  t.deepEqual(
    [head.name, head.platform, head.backend, head.default_model_filename],
    ['m', 'onnxruntime_onnx', 'onnxruntime', 'model.onnx'],
  );
  t.deepEqual(head.version_policy, { latest: { num_versions: 1 } });
  t.deepEqual(
    [head.optimization?.input_pinned_memory, head.optimization?.output_pinned_memory],
    [{ enable: true }, { enable: true }],
  );
  t.deepEqual(
    head.instance_group.map(({ name, kind, count }) => [name, kind, count]),
    [['m', 'KIND_CPU', 2]],
  );
});

test('normalizeHead names unnamed groups and counts 2 for KIND_CPU, 1 for KIND_MODEL', (t) => {
  const head = headOf('instance_group [ { kind: KIND_CPU }, { kind: KIND_MODEL }, { name: "g" count: 3 } ]');
  t.deepEqual(
    head.instance_group.map(({ name, kind, count }) => [name, kind, count]),
    [
      ['m_0', 'KIND_CPU', 2],
      ['m_1', 'KIND_MODEL', 1],
      ['g', 'KIND_CPU', 3],
    ],
  );
});

test('normalizeBatcher prefers full batches', (t) => {
  const sizes = (text: string) => normalizeBatcher(headOf(text)).dynamic_batching?.preferred_batch_size;
  t.deepEqual(sizes('max_batch_size: 8 dynamic_batching { }'), [8]);
  t.deepEqual(sizes('max_batch_size: 8 dynamic_batching { preferred_batch_size: [ 2 ] }'), [2]);
  t.is(sizes('max_batch_size: 8'), undefined);
});

for (const [text, message] of [
  ['name: "other"', "unexpected directory name 'm' for model 'other', directory name must equal model name"],
  [
    'platform: "tensorrt_plan"',
    "unexpected 'platform' and 'backend' pair, got:tensorrt_plan, onnxruntime: expected onnxruntime_onnx, onnxruntime",
  ],
  ['max_batch_size: -1', "'max_batch_size' must be non-negative value for m"],
  ...['sequence_batching { }', 'model_transaction_policy { decoupled: true }'].map(
    (member) =>
      [
        `response_cache { enable: true } ${member}`,
        'response_cache cannot be enabled for m, which is decoupled or has sequence_batching',
      ] as const,
  ),
  [
    'default_model_filename: "../../x.onnx"',
    "'default_model_filename' must stay inside the version directory of m, got '../../x.onnx'",
  ],
  [
    'default_model_filename: "/x.onnx"',
    "'default_model_filename' must stay inside the version directory of m, got '/x.onnx'",
  ],
] as const) {
  test(`validateHead refuses ${text}`, (t) => {
    t.throws(() => validateHead(normalizeHead(parseModelConfig(text), 'm', ortNames), 'm', ortNames), { message });
  });
}

for (const [text, message] of [
  [
    'instance_group { kind: KIND_GPU }',
    'instance group m_0 of model m has kind KIND_GPU but server does not support GPUs',
  ],
  [
    'instance_group { gpus: [ 0 ] }',
    'instance group m_0 of model m has kind KIND_GPU but server does not support GPUs',
  ],
  [
    'instance_group { kind: KIND_CPU gpus: [ 0 ] }',
    'instance group m_0 of model m has kind KIND_CPU but specifies one or more GPUs',
  ],
  ['instance_group { count: 100 } instance_group { count: 29 }', 'model m must have at most 128 instances, got 129'],
  ['instance_group { passive: true }', 'all instances of model m are passive: none would run'],
] as const) {
  test(`validateGroups refuses ${text}`, (t) => {
    t.throws(() => validateGroups(normalizeHead(parseModelConfig(text), 'm', ortNames)), { message });
  });
}

const tensors =
  'input { name: "X" data_type: TYPE_FP32 dims: [ 4 ] } output { name: "Y" data_type: TYPE_FP32 dims: [ 4 ] }';
const withReshape = (dims: string, shape: string) =>
  `input { name: "X" data_type: TYPE_FP32 dims: [ ${dims} ] reshape { shape: [ ${shape} ] } } output { name: "Y" data_type: TYPE_FP32 dims: [ 4 ] }`;

for (const [text, message] of [
  ['', "model configuration must specify 'input' for m"],
  ['input { } output { }', "model input must specify 'name'"],
  ['input { name: "X" } output { }', "model input 'X' must specify 'data_type'"],
  ['input { name: "X" data_type: TYPE_FP32 } output { }', "model input 'X' must specify 'dims'"],
  [
    'input { name: "X" data_type: TYPE_FP32 dims: [ 0 ] } output { }',
    "model input 'X' dimension must be integer >= 1, or -1 to indicate a variable-size dimension, got 0",
  ],
  [
    'input { name: "X" data_type: TYPE_FP32 dims: [ 2, 2 ] format: FORMAT_NCHW } output { }',
    "model input 'X': FORMAT_NCHW requires 3 dims, got [2,2]",
  ],
  [`${tensors} ${tensors}`, "model input 'X' is listed more than once"],
  [
    withReshape('4', ''),
    "model input 'X' cannot have empty reshape for non-batching model as scalar tensors are not supported",
  ],
  [`max_batch_size: 4 ${withReshape('4', '')}`, "model input 'X' has different size for dims and reshape"],
  [withReshape('4', '3'), "model input 'X' has different size for dims and reshape"],
  [withReshape('-1, 4', '4'), "model input 'X' has different number of variable-size dimensions for dims and reshape"],
  [withReshape('2, -1, 4', '-1, 8'), "model input 'X' has different size for dims and reshape"],
  [
    `max_batch_size: 8 dynamic_batching { preferred_batch_size: [ 0 ] } ${tensors}`,
    'dynamic batching preferred size must be positive for m',
  ],
  [
    `max_batch_size: 8 dynamic_batching { preferred_batch_size: [ 9 ] } ${tensors}`,
    'dynamic batching preferred size must be <= max batch size for m',
  ],
  [`dynamic_batching { priority_levels: 3 } ${tensors}`, 'default priority level must be in range [1, 3] for m'],
  [
    `dynamic_batching { priority_levels: 3 default_priority_level: 4 } ${tensors}`,
    'default priority level must be in range [1, 3] for m',
  ],
  [
    `dynamic_batching { priority_levels: 2 default_priority_level: 1 priority_queue_policy { key: 3 value { } } } ${tensors}`,
    'priority queue policy must have priority level in range [1, 2] for m',
  ],
  [
    `dynamic_batching { priority_queue_policy { key: 1 value { } } } ${tensors}`,
    'priority queue policy must have priority level in range [1, 0] for m',
  ],
  [
    `dynamic_batching { preserve_ordering: true priority_levels: 2 default_priority_level: 1 } ${tensors}`,
    'Only one priority level is allowed when preserve_ordering is true for m',
  ],
  [
    `dynamic_batching { preserve_ordering: true default_queue_policy { timeout_action: DELAY } } ${tensors}`,
    'Queue policy can not have DELAY as timeout_action when preserve_ordering is true for m',
  ],
  [
    `dynamic_batching { preserve_ordering: true priority_levels: 1 default_priority_level: 1 priority_queue_policy { key: 1 value { timeout_action: DELAY } } } ${tensors}`,
    'Queue policy can not have DELAY as timeout_action when preserve_ordering is true for m',
  ],
] as const) {
  test(`validateTensors refuses ${text || 'nothing'}`, (t) => {
    t.throws(() => validateTensors(headOf(text)), { message });
  });
}

test('validateTensors takes levels with policies, and an order to preserve within one level', (t) => {
  const levels =
    'priority_levels: 2 default_priority_level: 2 priority_queue_policy { key: 1 value { max_queue_size: 4 } }';
  t.notThrows(() => validateTensors(headOf(`dynamic_batching { ${levels} } ${tensors}`)));
  const ordered =
    'preserve_ordering: true priority_levels: 1 default_priority_level: 1 default_queue_policy { max_queue_size: 4 }';
  t.notThrows(() => validateTensors(headOf(`dynamic_batching { ${ordered} } ${tensors}`)));
});

test('validateTensors takes a reshape that keeps the elements', (t) => {
  t.notThrows(() => validateTensors(headOf(withReshape('2, 2, -1', '4, -1, 1'))));
  t.notThrows(() => validateTensors(headOf(`max_batch_size: 4 ${withReshape('1', '')}`)));
});

for (const [field, text] of [
  ['batch_output', 'platform: "ensemble" batch_output { }'],
  ['model_operations', 'model_operations { op_library_filename: "x.so" }'],
  ['model_transaction_policy.decoupled', 'model_transaction_policy { decoupled: true }'],
  [
    'ensemble_scheduling.step.model_namespace',
    'platform: "ensemble" ensemble_scheduling { step { model_namespace: "n" } }',
  ],
  ['model_repository_agents', 'model_repository_agents { agents { name: "checksum" } }'],
  ['response_cache', 'platform: "ensemble" response_cache { enable: true }'],
  ['runtime', 'runtime: "x.so"'],
] as const) {
  test(`refuseUnsupported names ${field}`, (t) => {
    const error = t.throws(() => refuseUnsupported(headOf(text)), {
      message: `'${field}' is not supported yet for model 'm'`,
    });
    t.like(error, { reason: 'unsupported' });
  });
}

test('refuseUnsupported takes features that are off', (t) => {
  const text = 'response_cache { enable: false } model_transaction_policy { decoupled: false }';
  t.notThrows(() => refuseUnsupported(headOf(text)));
});

const ragged =
  'input { name: "X" data_type: TYPE_FP32 dims: [ -1 ] allow_ragged_batch: true } ' +
  'output { name: "Y" data_type: TYPE_FP32 dims: [ 1 ] reshape { shape: [ ] } }';
const batchInput = (rest: string) => `max_batch_size: 4 batch_input { target_name: "N" ${rest} } ${ragged}`;
const batchOutput = (rest: string) => `max_batch_size: 4 batch_output { ${rest} } ${ragged}`;

for (const [text, message] of [
  [
    ragged.replace('reshape { shape: [ ] }', ''),
    "model input 'X' with allow_ragged_batch requires max_batch_size > 0 for m",
  ],
  [
    batchInput('data_type: TYPE_INT64 source_input: "X"'),
    "batch input 'N' of m must be of data type TYPE_INT32 or TYPE_FP32, got TYPE_INT64",
  ],
  [batchInput('data_type: TYPE_INT32'), "batch input 'N' of m must specify exactly one 'source_input', got 0"],
  [batchInput('data_type: TYPE_INT32 source_input: "Q"'), "batch input 'N' of m has unknown source input 'Q'"],
  [batchOutput('source_input: "X"'), "batch output '' of m must specify 'target_name'"],
  [batchOutput('target_name: "Q" source_input: "X"'), "batch output 'Q' of m has unknown target 'Q'"],
  [batchOutput('target_name: "Y"'), "batch output 'Y' of m must specify exactly one 'source_input', got 0"],
  [batchOutput('target_name: "Y" source_input: "Q"'), "batch output 'Y' of m has unknown source input 'Q'"],
] as const) {
  test(`validateTensors refuses ${text}`, (t) => {
    t.throws(() => validateTensors(headOf(text)), { message });
  });
}

test('checkGraph wants a ragged input flat, and the generated inputs in the model', (t) => {
  const head = headOf(`max_batch_size: 4 ${ragged}`);
  t.notThrows(() => checkGraph(head, graphOf([-1], [-1])));
  t.throws(() => checkGraph(head, graphOf([-1, -1], [-1])), {
    message: "model 'm', tensor 'X': a ragged input must have shape [-1], got [-1,-1]",
  });
  t.throws(() => checkGraph(headOf(batchInput('data_type: TYPE_INT32 source_input: "X"')), graphOf([-1], [-1])), {
    message: "unable to load model 'm', configuration expects 2 inputs, model provides 1",
  });
});

const complete = (text: string, graph: ReturnType<typeof graphOf>) =>
  completeConfig(headOf(text), graph, { defaultMaxBatchSize: 4 });

test('completeConfig lets a graph with a leading variable dimension batch', (t) => {
  const config = complete('', graphOf([-1, 16]));
  t.is(config.max_batch_size, 4);
  t.like(config.input[0], { name: 'X', data_type: 'TYPE_FP32', dims: [16] });
  t.like(config.output[0], { name: 'Y', data_type: 'TYPE_FP32', dims: [16] });
  t.deepEqual(normalizeBatcher(config).dynamic_batching?.preferred_batch_size, [4]);
});

test('completeConfig leaves a graph of fixed shape without batching', (t) => {
  const config = complete('', graphOf([16], [-1]));
  t.deepEqual(
    [config.max_batch_size, config.dynamic_batching, config.input[0]?.dims, config.output[0]?.dims],
    [0, undefined, [16], [-1]],
  );
});

test('completeConfig keeps a max_batch_size, and adds no batcher for 1', (t) => {
  t.deepEqual([complete('max_batch_size: 32', graphOf([-1, 2])).max_batch_size], [32]);
  t.is(complete('max_batch_size: 1', graphOf([-1, 2])).dynamic_batching, undefined);
});

test('completeConfig shows a tensor without dimensions as one element', (t) => {
  t.like(complete('', graphOf([-1])).input[0], { dims: [1], reshape: { shape: [] } });
  t.like(complete('', graphOf([])).input[0], { dims: [1] });
});

test('completeConfig completes the list that is missing', (t) => {
  const config = complete('input { name: "X" data_type: TYPE_FP32 dims: [ 8 ] }', graphOf([-1, -1]));
  t.deepEqual([config.input[0]?.dims, config.output[0]?.dims, config.max_batch_size], [[8], [-1], 4]);
});

test('completeConfig leaves out the inputs that the server makes', (t) => {
  const graph = graphOf([-1, 2]);
  const both = { ...graph, inputs: [...graph.inputs, { name: 'N', datatype: 'INT32', shape: [-1] } as const] };
  const config = complete('batch_input { target_name: "N" data_type: TYPE_INT32 source_input: "X" }', both);
  t.deepEqual(
    config.input.map(({ name }) => name),
    ['X'],
  );
});

test('completeConfig changes nothing when inputs and outputs are listed', (t) => {
  t.deepEqual(complete(tensors, graphOf([-1, 4])), headOf(tensors));
});

test('completeConfig refuses a max_batch_size that the graph cannot have', (t) => {
  t.throws(() => complete('max_batch_size: 8', graphOf([1, 4])), {
    message:
      "autofill failed for model 'm': model does not support batching while non-zero max_batch_size is specified",
  });
});

for (const [title, text, graph, message] of [
  [
    'the number of inputs',
    tensors,
    { inputs: [], outputs: [] },
    "unable to load model 'm', configuration expects 1 inputs, model provides 0",
  ],
  [
    'an unknown input',
    tensors.replace('"X"', '"Q"'),
    graphOf([4]),
    "unexpected inference input 'Q', allowed inputs are: X",
  ],
  [
    'an unknown output',
    tensors.replace('"Y"', '"Q"'),
    graphOf([4]),
    "unexpected inference output 'Q', allowed outputs are: Y",
  ],
  [
    'a datatype',
    tensors.replace('TYPE_FP32', 'TYPE_INT64'),
    graphOf([4]),
    "unable to load model 'm', configuration expects datatype TYPE_INT64 for input 'X', model provides TYPE_FP32",
  ],
  [
    'a rank',
    `max_batch_size: 2 ${tensors}`,
    graphOf([-1, 2, 2]),
    "model 'm', tensor 'X': the model expects 3 dimensions (shape [-1,2,2]) but the model configuration specifies 2 dimensions (an initial batch dimension because max_batch_size > 0): [-1,4]",
  ],
  [
    'a fixed batch dimension',
    `max_batch_size: 2 ${tensors}`,
    graphOf([1, 4]),
    "model 'm', tensor 'X': the model expects shape [1,4], whose first dimension is fixed, but max_batch_size is 2",
  ],
  [
    'an input dimension',
    tensors,
    graphOf([5]),
    "model 'm', tensor 'X': the model expects shape [5] but the model configuration specifies shape [4]",
  ],
  [
    'an output dimension',
    tensors,
    graphOf([-1], [-1]),
    "model 'm', tensor 'Y': the model expects shape [-1] but the model configuration specifies shape [4]",
  ],
] as const) {
  test(`checkGraph compares ${title}`, (t) => {
    t.throws(() => checkGraph(headOf(text), graph), { message });
  });
}

test('checkGraph lets a variable input be narrowed', (t) => {
  t.notThrows(() => checkGraph(headOf(`max_batch_size: 2 ${tensors}`), graphOf([-1, -1], [-1, 4])));
});

test('planTensors tells what the model sees from what clients see', (t) => {
  const config = headOf(`max_batch_size: 2 ${withReshape('4', '2, 2')}`);
  const plan = planTensors(config, graphOf([-1, 2, 2], [-1, 4]));
  t.like(plan.inputs[0], { dims: [4], modelDims: [2, 2] });
  t.is(plan.outputs[0]?.modelDims, plan.outputs[0]?.dims);
});
