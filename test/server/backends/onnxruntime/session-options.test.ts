import test from 'ava';
import { parseModelConfig } from '../../../../src/protocol/model-config-codec.js';
import {
  ignoredParameters,
  intraOpThreads,
  sessionOptions,
} from '../../../../src/server/backends/onnxruntime/session-options.js';

function optionsOf(text: string, ordinal = 0) {
  const config = parseModelConfig(text);
  return sessionOptions(config, { threads: intraOpThreads(config, 3), ordinal, processors: [0, 1, 4, 5] });
}

const parameter = (key: string, value: string) => `parameters { key: "${key}" value { string_value: "${value}" } }`;

test('sessionOptions are quiet, do not spin, are sequential, fully optimised and with arena by default', (t) => {
  t.deepEqual(optionsOf(''), {
    intraOpNumThreads: 3,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    enableCpuMemArena: true,
    enableMemPattern: true,
    extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
    logSeverityLevel: 4,
  });
});

for (const [text, expected] of [
  [parameter('intra_op_thread_count', '2'), { intraOpNumThreads: 2 }],
  [parameter('intra_op_thread_count', '0'), { intraOpNumThreads: 3 }],
  [parameter('inter_op_thread_count', '2'), { interOpNumThreads: 2 }],
  [parameter('execution_mode', '1'), { executionMode: 'parallel' }],
  [parameter('enable_mem_arena', 'false'), { enableCpuMemArena: false }],
  [parameter('enable_mem_pattern', '0'), { enableMemPattern: false }],
  ['optimization { graph { level: -1 } }', { graphOptimizationLevel: 'basic' }],
  ['optimization { graph { level: 1 } }', { graphOptimizationLevel: 'extended' }],
  ['optimization { graph { level: 2 } }', { graphOptimizationLevel: 'disabled' }],
  [
    parameter('session.intra_op.allow_spinning', '1'),
    { extra: { session: { intra_op: { allow_spinning: '1' }, inter_op: { allow_spinning: '1' } } } },
  ],
  [
    parameter('session.use_device_allocator_for_initializers', '1'),
    { extra: { session: { use_device_allocator_for_initializers: '1' } } },
  ],
  [
    parameter('session.intra_op_thread_affinities', '5;1-2,6'),
    { extra: { session: { intra_op_thread_affinities: '5;1-2,6' } } },
  ],
  [
    parameter('session.intra_op_thread_affinities', 'auto'),
    { extra: { session: { intra_op_thread_affinities: '2;5' } } },
  ],
  [parameter('something_of_mine', 'x'), { graphOptimizationLevel: 'all' }],
] as const) {
  test(`sessionOptions reads ${text}`, (t) => {
    t.like(optionsOf(text), expected);
  });
}

for (const [text, message] of [
  [
    parameter('intra_op_thread_count', 'two'),
    "parameter 'intra_op_thread_count': expected a number of threads up to 512, got 'two'",
  ],
  [
    parameter('intra_op_thread_count', '513'),
    "parameter 'intra_op_thread_count': expected a number of threads up to 512, got '513'",
  ],
  [parameter('execution_mode', '2'), "parameter 'execution_mode': expected 0 (sequential) or 1 (parallel), got '2'"],
  [parameter('enable_mem_arena', 'maybe'), "parameter 'enable_mem_arena': expected true or false, got 'maybe'"],
  [
    'optimization { execution_accelerators { cpu_execution_accelerator { name: "foo" } } }',
    "unknown Execution Accelerator 'foo' is requested",
  ],
  [
    'optimization { execution_accelerators { cpu_execution_accelerator { name: "openvino" } } }',
    "Execution Accelerator 'openvino' is not there",
  ],
  [
    parameter('session.intra_op_thread_affinities', '1'),
    "parameter 'session.intra_op_thread_affinities': expected processors for 2 threads (intra_op_thread_count - 1), got '1'",
  ],
  [
    parameter('session.intra_op_thread_affinities', '1;2-5'),
    "parameter 'session.intra_op_thread_affinities': expected auto, or processors among 1,2,5,6, got '1;2-5'",
  ],
] as const) {
  test(`sessionOptions refuses ${text}`, (t) => {
    t.throws(() => optionsOf(text), { message });
  });
}

test('sessionOptions with automatic affinities let instances take the processors in turn, and leave out a pool without threads', (t) => {
  const text = parameter('session.intra_op_thread_affinities', 'auto');
  t.is(optionsOf(text, 1).extra.session.intra_op_thread_affinities, '1;2');
  const alone = optionsOf(text + parameter('intra_op_thread_count', '1'));
  t.false('intra_op_thread_affinities' in alone.extra.session);
});

test('ignoredParameters are those of single runs', (t) => {
  const text = parameter('memory.enable_memory_arena_shrinkage', 'cpu:0') + parameter('intra_op_thread_count', '1');
  t.deepEqual(ignoredParameters(parseModelConfig(text)), ['memory.enable_memory_arena_shrinkage']);
});
