import test from 'ava';
import type { Datatype } from '../../src/protocol/datatype.js';
import { packBytes, type Tensor } from '../../src/protocol/tensor.js';
import { liveService, oneInstance, requestOf, simpleModel, simpleRequest } from './live-service.js';
import { addSubOnnx, identityOnnx, tinyOnnx } from './tiny-onnx.js';

const integers = ({ data }: Tensor): number[] => [...new Int32Array(data.buffer, data.byteOffset, data.byteLength / 4)];

const anyVersion = (name: string) => ({ name, version: '' });

test('infer answers sums and differences for batch 1 and 8', async (t) => {
  await using live = await liveService(simpleModel());
  for (const rows of [1, 8]) {
    const response = await live.service.infer(simpleRequest(100, rows, { id: 'x' }));
    t.like(response, { modelName: 'simple', modelVersion: '1', id: 'x' });
    const [sum, difference] = response.outputs;
    const expected = Array.from({ length: 16 * rows }, (_, index) => index);
    t.deepEqual(
      response.outputs.map(({ name, datatype, shape }) => [name, datatype, shape]),
      [
        ['OUTPUT0', 'INT32', [rows, 16]],
        ['OUTPUT1', 'INT32', [rows, 16]],
      ],
    );
    t.deepEqual(
      sum && integers(sum),
      expected.map((index) => 200 + index),
    );
    t.deepEqual(difference && integers(difference), expected);
  }
});

test('infer gives every request of a batch its own rows, and the requested outputs only', async (t) => {
  await using live = await liveService(simpleModel('max_batch_size: 8 dynamic_batching { }'));
  const outputs = [
    { name: 'OUTPUT1', parameters: new Map() },
    { name: 'OUTPUT0', parameters: new Map() },
  ];
  const responses = await Promise.all(
    [1, 2, 3].map((rows) => live.service.infer(simpleRequest(rows * 1000, rows, { outputs }))),
  );
  t.deepEqual(
    responses.map((response) => response.outputs.map(({ name }) => name)),
    Array(3).fill(['OUTPUT1', 'OUTPUT0']),
  );
  const sums = responses.map(({ outputs: [, sum] }) => sum && integers(sum));
  t.deepEqual(
    sums,
    [1, 2, 3].map((rows) => Array.from({ length: rows * 16 }, (_, index) => rows * 2000 + index)),
  );
});

test('infer leaves passive instances idle, wherever they stand', async (t) => {
  const config = `max_batch_size: 8
    instance_group { name: "idle" kind: KIND_CPU count: 1 passive: true }
    instance_group { name: "busy" kind: KIND_CPU count: 1 }`;
  const files = { 'simple/1/model.onnx': addSubOnnx(), 'simple/config.pbtxt': config };
  await using live = await liveService(files);
  const responses = await Promise.all([1, 2, 3].map((start) => live.service.infer(simpleRequest(start))));
  t.is(responses.length, 3);
  const groups = live.service.modelConfig(anyVersion('simple')).instance_group;
  t.deepEqual(
    groups.map(({ name, passive }) => [name, passive]),
    [
      ['idle', true],
      ['busy', false],
    ],
  );
  const onlyPassive = { ...files, 'simple/config.pbtxt': config.replace('count: 1 }', 'count: 1 passive: true }') };
  await t.throwsAsync(liveService(onlyPassive), {
    message: "Cannot load model 'simple': all instances of model simple are passive: none would run",
  });
});

/** Auto-completion adds a batcher to a model that can batch, unless its inputs and outputs are listed. */
const withoutBatcher = ['input', 'output']
  .flatMap((kind) =>
    [0, 1].map((index) => `${kind} { name: "${kind.toUpperCase()}${index}" data_type: TYPE_INT32 dims: [ 16 ] }`),
  )
  .join('\n');

for (const [title, batching, expected] of [
  [
    'together with dynamic batching',
    'dynamic_batching { }',
    [
      [1, 1],
      [6, 1],
    ],
  ],
  [
    'in preferred sizes',
    'dynamic_batching { preferred_batch_size: [ 4 ] }',
    [
      [1, 1],
      [2, 1],
      [4, 1],
    ],
  ],
  ['alone without', withoutBatcher, [[1, 7]]],
] as const) {
  test(`infer runs what queued up behind a busy instance ${title}`, async (t) => {
    await using live = await liveService(simpleModel(`max_batch_size: 8 ${batching}`));
    const { service } = live;
    const responses = Array.from({ length: 7 }, (_, index) => service.infer(simpleRequest(index)));
    t.deepEqual(service.pendingRequests(), [{ name: 'simple', version: '1', count: 6 }]);
    await Promise.all(responses);
    const [statistics] = service.statistics(anyVersion('simple'));
    t.deepEqual(
      statistics?.batch_stats.map((each) => [each.batch_size, each.compute_infer.count]),
      expected.map((each) => [...each]),
    );
  });
}

test('statistics add up', async (t) => {
  await using live = await liveService(simpleModel('max_batch_size: 8 dynamic_batching { }'));
  const { service } = live;
  const before = Date.now();
  for (let round = 0; round < 5; round++) {
    await Promise.all([1, 3, 2, 4, 8, 1].map((rows) => service.infer(simpleRequest(round, rows))));
  }
  await t.throwsAsync(service.infer(simpleRequest(0, 9)));
  const [statistics, ...others] = service.statistics(anyVersion(''));
  if (statistics === undefined) return t.fail();
  t.is(others.length, 0);
  const { inference_stats, batch_stats } = statistics;
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  t.is(sum(batch_stats.map((each) => each.compute_infer.count)), statistics.execution_count);
  t.is(sum(batch_stats.map((each) => each.batch_size * each.compute_infer.count)), statistics.inference_count);
  t.is(statistics.inference_count, 5 * 19);
  t.deepEqual([inference_stats.success.count, inference_stats.fail.count], [30, 0]);
  for (const key of ['compute_input', 'compute_infer', 'compute_output'] as const) {
    t.is(inference_stats[key].count, 30);
    t.true(inference_stats[key].ns >= sum(batch_stats.map((each) => each[key].ns)));
    t.true(batch_stats.every((each) => each[key].ns >= 0));
  }
  const { queue, compute_input, compute_infer, compute_output, success } = inference_stats;
  t.true(queue.ns + compute_input.ns + compute_infer.ns + compute_output.ns <= success.ns);
  t.true(statistics.last_inference >= before && statistics.last_inference <= Date.now());
  return undefined;
});

/** Two elements of each datatype that ONNX Runtime has. */
const samples: readonly (readonly [Datatype, ArrayBufferView])[] = [
  ['BOOL', Uint8Array.of(1, 0)],
  ['UINT8', Uint8Array.of(255, 0)],
  ['UINT16', Uint16Array.of(65535, 1)],
  ['UINT32', Uint32Array.of(2 ** 32 - 1, 1)],
  ['UINT64', BigUint64Array.of(2n ** 64n - 1n, 1n)],
  ['INT8', Int8Array.of(-128, 127)],
  ['INT16', Int16Array.of(-32768, 1)],
  ['INT32', Int32Array.of(-(2 ** 31), 1)],
  ['INT64', BigInt64Array.of(-(2n ** 63n), 1n)],
  ['FP16', Uint16Array.of(0x3c00, 0xfc00)],
  ['FP32', Float32Array.of(1.5, Number.NaN)],
  ['FP64', Float64Array.of(Math.PI, -0)],
  ['BYTES', packBytes(['héllo', ''])],
];

test('infer carries every datatype unchanged, with batching and without', async (t) => {
  const files: Record<string, string | Uint8Array> = {};
  for (const [datatype] of samples) {
    files[`batching_${datatype}/1/model.onnx`] = identityOnnx(datatype, ['batch', 'n']);
    files[`batching_${datatype}/config.pbtxt`] = oneInstance();
    files[`fixed_${datatype}/1/model.onnx`] = identityOnnx(datatype, [2]);
    files[`fixed_${datatype}/config.pbtxt`] = oneInstance();
  }
  await using live = await liveService(files);
  for (const [datatype, data] of samples) {
    const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    for (const [name, shape] of [
      [`fixed_${datatype}`, [2]],
      [`batching_${datatype}`, [2, 1]],
    ] as const) {
      const responses = await Promise.all(
        [1, 2, 3].map(() => live.service.infer(requestOf(name, { INPUT0: { datatype, shape, data } }))),
      );
      for (const { outputs } of responses) {
        t.like(outputs[0], { name: 'OUTPUT0', datatype, shape: [...shape] });
        t.deepEqual(Buffer.from(outputs[0]?.data ?? []), Buffer.from(raw), `${datatype} ${name}`);
      }
    }
  }
});

for (const [title, element] of [
  ['a NUL byte', Uint8Array.of(65, 0)],
  ['no UTF-8', Uint8Array.of(0xff)],
] as const) {
  test(`infer refuses a string with ${title}`, async (t) => {
    const model = { 'text/1/model.onnx': identityOnnx('BYTES', [1]), 'text/config.pbtxt': oneInstance() };
    await using live = await liveService(model);
    const request = requestOf('text', { INPUT0: { datatype: 'BYTES', shape: [1], data: packBytes([element]) } });
    await t.throwsAsync(live.service.infer(request), { message: /is not UTF-8 text or holds a NUL byte/ });
  });
}

test('infer serves scalars and tensors of rank one as one element', async (t) => {
  await using live = await liveService({
    'scalar/1/model.onnx': identityOnnx('FP32', []),
    'scalar/config.pbtxt': oneInstance(),
    'rank_one/1/model.onnx': identityOnnx('FP32', ['batch']),
    'rank_one/config.pbtxt': oneInstance(),
  });
  const infer = async (model: string, shape: readonly number[]) => {
    const data = new Float32Array(shape.reduce((product, dim) => product * dim, 1));
    const { outputs } = await live.service.infer(requestOf(model, { INPUT0: { datatype: 'FP32', shape, data } }));
    return outputs[0]?.shape;
  };
  t.deepEqual(await infer('scalar', [1]), [1]);
  t.deepEqual(await infer('rank_one', [3, 1]), [3, 1]);
});

test('infer batches requests of equal shape only', async (t) => {
  await using live = await liveService({
    'same/1/model.onnx': identityOnnx('FP32', ['batch', 'n']),
    'same/config.pbtxt': oneInstance('max_batch_size: 8'),
  });
  const { service } = live;
  const infer = (width: number) =>
    service.infer(
      requestOf('same', { INPUT0: { datatype: 'FP32', shape: [1, width], data: new Float32Array(width) } }),
    );
  const responses = await Promise.all([1, 2, 2, 3].map(infer));
  t.deepEqual(
    responses.map(({ outputs }) => outputs[0]?.shape[1]),
    [1, 2, 2, 3],
  );
  const [statistics] = service.statistics(anyVersion('same'));
  t.deepEqual(
    statistics?.batch_stats.map((each) => [each.batch_size, each.compute_infer.count]),
    [
      [1, 2],
      [2, 1],
    ],
  );
});

test('infer says why ONNX Runtime failed, counts it, and serves the next request', async (t) => {
  const value = (name: string, shape: readonly (number | string)[]) => ({ name, datatype: 'FP32', shape }) as const;
  const model = tinyOnnx({
    inputs: [value('A', ['n']), value('B', ['m'])],
    outputs: [value('C', ['k'])],
    nodes: [{ op: 'Add', inputs: ['A', 'B'], outputs: ['C'] }],
  });
  const config = `input [ { name: "A" data_type: TYPE_FP32 dims: [ -1 ] }, { name: "B" data_type: TYPE_FP32 dims: [ -1 ] } ]
    output { name: "C" data_type: TYPE_FP32 dims: [ -1 ] }`;
  await using live = await liveService({ 'add/1/model.onnx': model, 'add/config.pbtxt': oneInstance(config) });
  const infer = (width: number) =>
    live.service.infer(
      requestOf('add', {
        A: { datatype: 'FP32', shape: [2], data: new Float32Array(2) },
        B: { datatype: 'FP32', shape: [width], data: new Float32Array(width) },
      }),
    );
  const error = await t.throwsAsync(infer(3), { message: /^model 'add': onnxruntime execution failed: / });
  t.like(error, { reason: 'internal' });
  t.false(error?.message.includes('\n'));
  await infer(2);
  const [statistics] = live.service.statistics(anyVersion('add'));
  t.deepEqual([statistics?.inference_stats.fail.count, statistics?.execution_count], [1, 1]);
});

test('infer drops a request that is cancelled in the queue', async (t) => {
  await using live = await liveService(simpleModel());
  const cancel = new AbortController();
  const running = live.service.infer(simpleRequest(1), cancel.signal);
  const waiting = live.service.infer(simpleRequest(2), cancel.signal);
  cancel.abort();
  t.like(await t.throwsAsync(waiting), { reason: 'cancelled' });
  t.is((await running).outputs.length, 2);
});

test('metadata and configuration show the completed model', async (t) => {
  await using live = await liveService({ 'simple/1/model.onnx': addSubOnnx(), 'fixed/1/model.onnx': addSubOnnx([16]) });
  const { service } = live;
  t.like(service.serverMetadata(), { name: 'triton' });
  t.deepEqual(service.modelMetadata(anyVersion('simple')), {
    name: 'simple',
    versions: ['1'],
    platform: 'onnxruntime_onnx',
    inputs: ['INPUT0', 'INPUT1'].map((name) => ({ name, datatype: 'INT32', shape: [-1, 16] })),
    outputs: ['OUTPUT0', 'OUTPUT1'].map((name) => ({ name, datatype: 'INT32', shape: [-1, 16] })),
  });
  const config = service.modelConfig(anyVersion('simple'));
  t.like(config, { max_batch_size: 4, dynamic_batching: { preferred_batch_size: [4] } });
  t.deepEqual(
    config.instance_group.map(({ name, kind, count }) => [name, kind, count]),
    [['simple', 'KIND_CPU', 2]],
  );
  t.deepEqual(service.modelMetadata(anyVersion('fixed')).inputs[0]?.shape, [16]);
});

for (const [title, files, message] of [
  [
    'an unknown field',
    simpleModel('nonsense: 1'),
    /^Cannot load model 'simple': .*simple\/config\.pbtxt:3: unknown field 'nonsense' in ModelConfig, got: nonsense: 1$/,
  ],
  [
    'a model file cut in half',
    { 'simple/1/model.onnx': addSubOnnx().slice(0, 60) },
    /^Cannot load model 'simple': cannot load .*simple\/1\/model\.onnx: expected an ONNX model, got: Protobuf parsing failed\.$/,
  ],
  [
    'a missing model file',
    { 'simple/1/other.onnx': '' },
    /^Cannot load model 'simple': model file is missing: expected .*simple\/1\/model\.onnx$/,
  ],
  [
    'no version',
    { 'simple/config.pbtxt': '' },
    /^Cannot load model 'simple': at least one version must be available under the version policy of model 'simple'$/,
  ],
  [
    'a configuration that the graph does not fit',
    simpleModel('input { name: "INPUT0" data_type: TYPE_FP32 dims: [ 16 ] }'),
    /^Cannot load model 'simple': unable to load model 'simple', configuration expects 1 inputs, model provides 2$/,
  ],
  [
    'a feature that is not there yet',
    simpleModel('runtime: "x"'),
    /^Cannot load model 'simple': 'runtime' is not supported yet for model 'simple'$/,
  ],
  [
    'BF16',
    { 'simple/1/model.onnx': identityOnnx('BF16', [1]) },
    /^Cannot load model 'simple': cannot load .*model\.onnx: expected an ONNX model, got: Unsupported data type: 16$/,
  ],
] as const) {
  test(`createInferenceService refuses ${title} in one line`, async (t) => {
    await t.throwsAsync(liveService(files), { code: 'model', message });
  });
}

test('createInferenceService stays up and not ready with exitOnError off', async (t) => {
  await using live = await liveService({ ...simpleModel(), 'bad/1/model.onnx': 'no' }, { exitOnError: false });
  t.true(live.service.isLive());
  t.false(live.service.isReady());
  t.true(live.service.isModelReady(anyVersion('simple')));
  t.is(live.lines.filter((line) => line.startsWith("error: Cannot load model 'bad': ")).length, 1);
});

test('createInferenceService takes configurations as they are without auto-completion', async (t) => {
  await t.throwsAsync(liveService(simpleModel(), { disableAutoComplete: true }), { message: /must specify 'input'/ });
  await t.throwsAsync(liveService({ 'm/1/model.onnx': addSubOnnx() }, { disableAutoComplete: true }), {
    message: /model configuration is missing: expected .*m\/config\.pbtxt/,
  });
});

test('createInferenceService warns when instances and threads exceed the cores', async (t) => {
  const config = 'instance_group { count: 2 } parameters { key: "intra_op_thread_count" value { string_value: "40" } }';
  await using live = await liveService({ 'm/1/model.onnx': identityOnnx('FP32', [1]), 'm/config.pbtxt': config });
  t.regex(live.lines.join('\n'), /^warning: model 'm': 2 instances x 40 threads exceed the \d+ cores$/);
  const files = {
    'm/1/model.onnx': identityOnnx('FP32', [1]),
    'm/config.pbtxt': config.replace('count: 2', 'count: 26'),
  };
  await t.throwsAsync(liveService(files), {
    message: "Cannot load model 'm': model m must have at most 1024 threads, got 26 instances x 40 threads",
  });
});
