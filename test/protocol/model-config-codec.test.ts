import test from 'ava';
import {
  formatModelConfig,
  modelConfigFromJson,
  modelConfigFromMessage,
  modelConfigToMessage,
  parseModelConfig,
} from '../../src/protocol/model-config-codec.js';

const text = `
# a comment
name: "simple"
platform: "onnxruntime_onnx"
max_batch_size: 8
input [
  { name: "INPUT0" data_type: TYPE_INT32 dims: [ 16 ] },
  { name: "INPUT1", data_type: TYPE_INT32, dims: 16, dims: -1, reshape { shape: [ ] } }
]
output { name: "OUTPUT0" data_type: TYPE_STRING dims: [ -1 ] label_filename: 'labels.txt' }
instance_group [ { count: 2 kind: KIND_CPU } ]
dynamic_batching { preferred_batch_size: [ 4, 8 ] max_queue_delay_microseconds: 100 }
version_policy: { specific: { versions: [ 1, 3 ] } }
parameters: { key: "intra_op_thread_count" value: { string_value: "1" } }
parameters { key: "__proto__" value { string_value: "own" } }
`;

test('parseModelConfig reads lists, maps, enums and comments of config.pbtxt', (t) => {
  const config = parseModelConfig(text);
  t.is(config.max_batch_size, 8);
  t.deepEqual(
    config.input.map(({ name, data_type, dims }) => [name, data_type, dims]),
    [
      ['INPUT0', 'TYPE_INT32', [16]],
      ['INPUT1', 'TYPE_INT32', [16, -1]],
    ],
  );
  t.deepEqual(config.input[1]?.reshape, { shape: [] });
  t.is(config.instance_group[0]?.kind, 'KIND_CPU');
  t.deepEqual(config.dynamic_batching?.preferred_batch_size, [4, 8]);
  t.deepEqual(config.version_policy, { specific: { versions: [1, 3] } });
  t.is(config.parameters['intra_op_thread_count']?.string_value, '1');
  t.true(Object.hasOwn(config.parameters, '__proto__'));
});

test('parseModelConfig gives every scalar, list and map a value and leaves unset messages out', (t) => {
  const config = parseModelConfig('name: "x"');
  t.deepEqual([config.platform, config.max_batch_size, config.input, config.parameters], ['', 0, [], {}]);
  for (const member of ['dynamic_batching', 'version_policy', 'optimization', 'response_cache']) {
    t.false(Object.hasOwn(config, member), member);
  }
});

test('formatModelConfig is reversed by parseModelConfig', (t) => {
  const config = parseModelConfig(text);
  t.deepEqual(parseModelConfig(formatModelConfig(config)), config);
});

test('modelConfigFromJson reads what JSON.stringify of a configuration writes', (t) => {
  const config = parseModelConfig(text);
  t.deepEqual(modelConfigFromJson(JSON.parse(JSON.stringify(config))), config);
});

test('modelConfigFromJson takes integers as text and enums as names or numbers', (t) => {
  const config = modelConfigFromJson({ max_batch_size: '16', input: [{ data_type: 8, dims: ['3'] }] });
  t.is(config.max_batch_size, 16);
  t.deepEqual([config.input[0]?.data_type, config.input[0]?.dims], ['TYPE_INT32', [3]]);
});

test('modelConfigFromMessage reverses modelConfigToMessage', (t) => {
  const config = parseModelConfig(text);
  t.deepEqual(modelConfigFromMessage(modelConfigToMessage(config)), config);
});

for (const [broken, message] of [
  ['\n\nnme: "x"', /unknown field 'nme' \(line 3\)/],
  ['input {\n foo: 3 }', /ModelInput: unknown field 'foo' \(line 2\)/],
  ['max_batch_size: "x"', /integer value expected/],
  ['max_batch_size: 99999999999', /integer value out of range/],
  ['input { data_type: TYPE_INT31 }', /ModelInput.data_type: enum value expected/],
  ['input { name: "x"', /expected '}' \(line 1\)/],
  ['name: "x', /unterminated string \(line 1\)/],
] as const) {
  test(`parseModelConfig refuses ${JSON.stringify(broken)}`, (t) => {
    t.throws(() => parseModelConfig(broken), { message });
  });
}

for (const broken of [{ nme: 'x' }, { max_batch_size: 'x' }, { input: [{ data_type: 'TYPE_INT31' }] }, [], 'x', null]) {
  test(`modelConfigFromJson refuses ${JSON.stringify(broken)}`, (t) => {
    t.throws(() => modelConfigFromJson(broken));
  });
}
