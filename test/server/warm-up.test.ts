import test from 'ava';
import { packBytes } from '../../src/protocol/tensor.js';
import type { InferenceService } from '../../src/server/inference-service.js';
import { liveService, oneInstance, simpleModel } from './live-service.js';
import { accumulatorModel } from './sequence-models.js';
import { addSubOnnx, identityOnnx, type TinyGraph, tinyOnnx } from './tiny-onnx.js';

const sample = (name: string, batchSize: number, inputs: string, rest = '') =>
  `model_warmup { name: "${name}" batch_size: ${batchSize} ${rest} ${inputs} }`;
const input = (name: string, data = 'zero_data: true', type = 'TYPE_INT32', dims = '16') =>
  `inputs { key: "${name}" value { data_type: ${type} dims: [ ${dims} ] ${data} } }`;
const zeros = `${input('INPUT0')} ${input('INPUT1')}`;

const statisticsOf = (service: InferenceService, name = 'simple') => service.statistics({ name, version: '' })[0];

test('a model runs its samples before it serves, and counts them', async (t) => {
  const samples = `${sample('singles', 1, zeros, 'count: 2')} ${sample('three', 3, zeros)} ${sample('off', 0, '')}`;
  await using live = await liveService(simpleModel(`max_batch_size: 8 ${samples}`));
  const statistics = statisticsOf(live.service);
  t.deepEqual(
    [statistics?.inference_stats.success.count, statistics?.inference_count, statistics?.execution_count],
    [5, 5, 3],
  );
  t.deepEqual(
    statistics?.batch_stats.map((each) => [each.batch_size, each.compute_infer.count]),
    [
      [1, 2],
      [3, 1],
    ],
  );
  t.deepEqual([statistics?.inference_stats.fail.count, statistics?.inference_stats.queue.ns], [0, 0]);
  t.true((statistics?.last_inference ?? 0) > 0);
});

test('every instance of a model runs its samples', async (t) => {
  const config = `instance_group { count: 3 } max_batch_size: 8 ${sample('w', 1, zeros)}
    parameters { key: "intra_op_thread_count" value { string_value: "1" } }`;
  await using live = await liveService({ 'simple/1/model.onnx': addSubOnnx(), 'simple/config.pbtxt': config });
  t.is(statisticsOf(live.service)?.execution_count, 3);
});

/** Fails unless a condition over all elements holds: then the index into one element is beyond it. */
const checkedOnnx = (datatype: TinyGraph['inputs'][number]['datatype'], nodes: TinyGraph['nodes']) =>
  tinyOnnx({
    inputs: [
      { name: 'X', datatype, shape: [4] },
      { name: 'LIST', datatype: 'FP32', shape: [1] },
    ],
    outputs: [{ name: 'Y', datatype: 'FP32', shape: [1] }],
    nodes: [...nodes, { op: 'Gather', inputs: ['LIST', 'INDEX'], outputs: ['Y'] }],
  });

/** The sum of the input as an index: only a sum of 0 is one. */
const sumIsZero = checkedOnnx('FP32', [
  { op: 'ReduceSum', inputs: ['X'], outputs: ['SUM'], attributes: { keepdims: 1 } },
  { op: 'Cast', inputs: ['SUM'], outputs: ['INDEX'], attributes: { to: 7 } },
]);

const list = input('LIST', 'zero_data: true', 'TYPE_FP32', '1');
const checked = (data: string) => ({
  'm/1/model.onnx': sumIsZero,
  'm/config.pbtxt': oneInstance(sample('w', 1, `${input('X', data, 'TYPE_FP32', '4')} ${list}`)),
});

test('samples carry the bytes of a file, zeros, or random values', async (t) => {
  const bytes = (values: readonly number[]) => new Uint8Array(Float32Array.from(values).buffer);
  const file = (values: readonly number[]) => ({
    ...checked('input_data_file: "data"'),
    'm/warmup/data': bytes(values),
  });
  const runs = async (files: Parameters<typeof liveService>[0]) => {
    try {
      await using live = await liveService(files);
      return statisticsOf(live.service, 'm')?.execution_count;
    } catch (error) {
      return String(error);
    }
  };
  t.is(await runs(checked('zero_data: true')), 1);
  t.is(await runs(file([1, 2, -3, 0])), 1);
  t.is(await runs(file([1, 2, -3, 0, 99])), 1, 'a file may be longer');
  t.regex(
    String(await runs(file([1, 2, -3, 5]))),
    /failed to run warmup sample 'w': .*indices element out of data bounds/,
  );
  const random = String(await runs(checked('random_data: true')));
  t.regex(random, /indices element out of data bounds/, 'four random values have a sum of 1 or more');
});

test('a sample of strings comes from a file in raw form, or is empty', async (t) => {
  const model = (data: string) => ({
    'm/1/model.onnx': identityOnnx('BYTES', [2]),
    'm/warmup/texts': packBytes(['a', 'bcd']),
    'm/config.pbtxt': oneInstance(sample('w', 1, input('INPUT0', data, 'TYPE_STRING', '2'))),
  });
  for (const data of ['input_data_file: "texts"', 'zero_data: true', 'random_data: true']) {
    await using live = await liveService(model(data));
    t.is(statisticsOf(live.service, 'm')?.execution_count, 1, data);
  }
});

for (const type of [
  'BOOL',
  'UINT8',
  'INT8',
  'UINT16',
  'INT16',
  'INT32',
  'UINT32',
  'INT64',
  'UINT64',
  'FP16',
  'FP32',
  'FP64',
] as const) {
  test(`a sample of random ${type} runs`, async (t) => {
    await using live = await liveService({
      'm/1/model.onnx': identityOnnx(type, [5]),
      'm/config.pbtxt': oneInstance(sample('w', 1, input('INPUT0', 'random_data: true', `TYPE_${type}`, '5'))),
    });
    t.is(statisticsOf(live.service, 'm')?.execution_count, 1);
  });
}

test('a sample of a sequence model is the start of a sequence unless it says otherwise', async (t) => {
  const model = accumulatorModel();
  const one = (name: string) => input(name, 'zero_data: true', 'TYPE_INT32', '1');
  const samples = `${sample('start', 2, one('INPUT'))} ${sample('given', 1, `${one('INPUT')} ${one('READY')}`)}`;
  await using live = await liveService({ ...model, 'sums/config.pbtxt': `${model['sums/config.pbtxt']} ${samples}` });
  t.is(statisticsOf(live.service, 'sums')?.inference_count, 3);
});

const simple = (text: string, files = {}) => ({ ...simpleModel(`max_batch_size: 8 ${text}`), ...files });
for (const [title, files, message] of [
  [
    'an input is missing',
    simple(sample('w', 1, input('INPUT0'))),
    /: failed to run warmup sample 'w': .*expected 2 inputs but got 1 inputs for model 'simple'/,
  ],
  [
    'an input is unknown',
    simple(sample('w', 1, `${input('INPUT0')} ${input('Z')}`)),
    /: failed to run warmup sample 'w': .*unexpected inference input 'Z' for model 'simple'$/,
  ],
  [
    'a datatype is another',
    simple(sample('w', 1, `${input('INPUT0')} ${input('INPUT1', 'zero_data: true', 'TYPE_FP32')}`)),
    /: failed to run warmup sample 'w': .*'INPUT1' data-type is 'FP32', but model 'simple' expects 'INT32'$/,
  ],
  [
    'a shape is another',
    simple(sample('w', 1, `${input('INPUT0')} ${input('INPUT1', 'zero_data: true', 'TYPE_INT32', '15')}`)),
    /: failed to run warmup sample 'w': .*unexpected shape for input 'INPUT1'/,
  ],
  [
    'a dimension is variable',
    simple(sample('w', 1, `${input('INPUT0')} ${input('INPUT1', 'zero_data: true', 'TYPE_INT32', '-1')}`)),
    /: failed to run warmup sample 'w': input 'INPUT1' must have dims of at least 1, got -1$/,
  ],
  [
    'an input has no data',
    simple(sample('w', 1, `${input('INPUT0')} ${input('INPUT1', '')}`)),
    /: failed to run warmup sample 'w': warmup setting expects input 'INPUT1' to have input_data_type set$/,
  ],
  [
    'a file is missing',
    simple(sample('w', 1, `${input('INPUT0')} ${input('INPUT1', 'input_data_file: "none"')}`)),
    /: Cannot read 'input_data_file': ENOENT/,
  ],
  [
    'a file lies elsewhere',
    simple(sample('w', 1, `${input('INPUT0')} ${input('INPUT1', 'input_data_file: "../config.pbtxt"')}`)),
    /: 'input_data_file' must name a file in .*warmup, got '..\/config.pbtxt'$/,
  ],
  [
    'a file is too short',
    simple(sample('w', 1, `${input('INPUT0')} ${input('INPUT1', 'input_data_file: "short"')}`), {
      'simple/warmup/short': new Uint8Array(63),
    }),
    /: failed to run warmup sample 'w': warmup setting expects 64 bytes, but the data provided from short only has 63 bytes$/,
  ],
  [
    'a batch is too large',
    simple(sample('w', 9, zeros)),
    /: failed to run warmup sample 'w': expected a batch_size of at most 8, got 9$/,
  ],
  [
    'a tensor would fill the memory',
    simple(sample('w', 1, input('INPUT0', 'zero_data: true', 'TYPE_INT32', '1099511627776'))),
    /: failed to run warmup sample 'w': input 'INPUT0' must have at most 2147483647 bytes, got 4398046511104$/,
  ],
  [
    'a batch would fill the memory',
    simpleModel(`max_batch_size: 2147483647 ${sample('w', 2_147_483_647, zeros)}`),
    /: failed to run warmup sample 'w': expected a batch of at most 2147483647 bytes, got 412316860224$/,
  ],
] as const) {
  test(`a model is not loaded when ${title}`, async (t) => {
    await t.throwsAsync(liveService(files), { code: 'model', message });
  });
}

test('a failing sample leaves the version that serves', async (t) => {
  await using live = await liveService(simpleModel(), { modelControlMode: 'explicit', loadModels: ['*'] });
  await live.repository.write(
    'simple/config.pbtxt',
    oneInstance(`max_batch_size: 8 ${sample('w', 1, input('INPUT0'))}`),
  );
  const error = await t.throwsAsync(live.service.loadModel('simple', new Map()));
  t.regex(String(error?.message), /failed to run warmup sample 'w'/);
  t.true(live.service.isModelReady({ name: 'simple', version: '' }));
});
