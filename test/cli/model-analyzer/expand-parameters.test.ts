import test from 'ava';
import { parse } from 'yaml';
import { expandParameters } from '../../../src/cli/model-analyzer/expand-parameters.js';
import { applyCandidate } from '../../../src/cli/search/apply-candidate.js';
import { parseModelConfig } from '../../../src/protocol/model-config-codec.js';

const expand = (yaml: string) => expandParameters(parse(yaml), 'c.yml', 'm');

/** What Model Analyzer makes of each, but for repetitions. */
const counts: readonly (readonly [yaml: string, count: number])[] = [
  ['max_batch_size: [1,2,4]', 3],
  ['instance_group: [{kind: KIND_GPU, count: [1,2]}]', 2],
  ['instance_group: [{kind: KIND_GPU, count: 1},{kind: KIND_CPU, count: 1}]', 1],
  ['instance_group: [[{kind: KIND_GPU, count: 1}],[{kind: KIND_CPU, count: 1}]]', 2],
  ['instance_group: [{kind: KIND_GPU, count: [1,2]},{kind: KIND_CPU, count: [1,2,3]}]', 6],
  ['instance_group: [{kind: [KIND_GPU,KIND_CPU], count: [1,2]}]', 4],
  [
    '{max_batch_size: [6,8], dynamic_batching: {max_queue_delay_microseconds: [200,300]}, instance_group: [{count: [1,2]}]}',
    8,
  ],
  ['dynamic_batching: {preferred_batch_size: [4,8]}', 1],
  ['dynamic_batching: {preferred_batch_size: [[4,8],[16]], max_queue_delay_microseconds: [100,200]}', 4],
  ['dynamic_batching: [{max_queue_delay_microseconds: [100,200]}, null]', 3],
  [
    'optimization: {execution_accelerators: {gpu_execution_accelerator: [{name: tensorrt, parameters: {precision_mode: [FP16,FP32], max_workspace_size_bytes: ["1","2"]}}]}}',
    4,
  ],
  [
    'optimization: {execution_accelerators: {gpu_execution_accelerator: [[{name: tensorrt}], [{name: auto_mixed_precision}]]}}',
    2,
  ],
  ['optimization: [{graph: {level: 1}}, {graph: {level: [0,1]}}]', 2],
  ['parameters: {intra_op_thread_count: {string_value: ["1","2","4"]}}', 3],
  ['max_batch_size: [2,2]', 1],
];

test('expandParameters makes the combinations of Model Analyzer, each once', (t) => {
  for (const [yaml, count] of counts) t.is(expand(yaml).length, count, yaml);
});

test('expandParameters refuses fractions for whole numbers, unknown fields and unknown names', (t) => {
  const message = (yaml: string) => t.throws(() => expand(yaml))?.message;
  t.is(message('max_batch_size: 2.5'), 'Cannot read c.yml: expected a whole number at m.max_batch_size, got 2.5');
  t.is(
    message('max_batch_size: [1, 2.5]'),
    'Cannot read c.yml: expected a whole number at m.max_batch_size[1], got 2.5',
  );
  t.is(
    message('dynamic_batching: {delay: 1}'),
    'Cannot read c.yml: expected a field of a model configuration, got m.dynamic_batching.delay',
  );
  t.regex(
    message('instance_group: [{kind: GPU}]') ?? '',
    /expected KIND_AUTO, KIND_GPU, KIND_CPU, KIND_MODEL at m\.instance_group\[0\]\.kind, got "GPU"/,
  );
});

const base = parseModelConfig(`
  name: "m"
  max_batch_size: 8
  instance_group [ { count: 3 kind: KIND_CPU } ]
  dynamic_batching { preserve_ordering: true }
  parameters { key: "keep.me" value { string_value: "1" } }
`);

const applied = (yaml: string) =>
  expand(yaml).map((candidate) => applyCandidate(base, { ...candidate, concurrency: 2 }));

test('applyCandidate merges what a combination names, and takes lists as a whole', (t) => {
  const [first] = applied(`
    dynamic_batching: {preferred_batch_size: [4, 8]}
    instance_group: [{kind: KIND_GPU, count: 1}, {kind: KIND_CPU, count: 2}]
    parameters: {"session.x": {string_value: 7}}
    response_cache: {enable: true}
  `);
  t.deepEqual(first?.dynamic_batching?.preferred_batch_size, [4, 8]);
  t.true(first?.dynamic_batching?.preserve_ordering, 'what is not mentioned stays');
  t.deepEqual(
    first?.instance_group.map(({ kind, count }) => [kind, count]),
    [
      ['KIND_GPU', 1],
      ['KIND_CPU', 2],
    ],
  );
  t.deepEqual(first?.parameters, { 'keep.me': { string_value: '1' }, 'session.x': { string_value: '7' } });
  t.true(first?.response_cache?.enable);
});

test('applyCandidate leaves a field alone that a combination leaves out, and turns on what is empty', (t) => {
  const unbatched = parseModelConfig('max_batch_size: 4');
  const combinations = expand('dynamic_batching: [{max_queue_delay_microseconds: 100}, {}, null]');
  t.deepEqual(
    combinations.map((each) => applyCandidate(unbatched, each).dynamic_batching?.max_queue_delay_microseconds),
    [100, 0, undefined],
  );
});
