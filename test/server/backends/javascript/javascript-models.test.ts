import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { Datatype } from '../../../../src/protocol/datatype.js';
import { packBytes } from '../../../../src/protocol/tensor.js';
import { liveService, requestOf } from '../../live-service.js';
import { testRepository } from '../../model-folder.js';
import { javascriptModel, numbers, numbersOf, obeyingModule, rows } from './javascript-model.js';

test.serial('a javascript model answers, one instance on a CPU by default', async (t) => {
  await using live = await liveService(javascriptModel(obeyingModule));
  const { service } = live;
  t.deepEqual(numbersOf(await service.infer(numbers([5, -6, 7]))), [5, -6, 7]);
  const config = service.modelConfig({ name: 'm', version: '' });
  t.like(config, { backend: 'javascript', platform: '', default_model_filename: 'model.mjs', max_batch_size: 0 });
  t.is(config.instance_group[0]?.count, 1);
  t.is(service.modelMetadata({ name: 'm', version: '' }).platform, 'javascript');
});

test.serial('a javascript model is told who it is, and ends with finalize', async (t) => {
  const module = `
    import { writeFileSync } from 'node:fs';
    let told;
    export const initialize = async (given) => { told = given; };
    export const execute = (requests) => requests.map(({ id, parameters, inputs }) => ({ outputs: { Y: [
      JSON.stringify({ ...told, config: told.config.name, id, parameters, text: inputs.X.data, shape: inputs.X.shape }),
    ] } }));
    export const finalize = () => writeFileSync(told.parameters.file, 'bye from ' + told.instanceName);`;
  await using notes = await testRepository();
  const file = join(notes.path, 'note');
  const live = await liveService({
    'm/config.pbtxt': `backend: "javascript" parameters { key: "file" value { string_value: "${file}" } }
      input { name: "X" data_type: TYPE_STRING dims: 2 } output { name: "Y" data_type: TYPE_STRING dims: 1 }`,
    'm/3/model.mjs': module,
  });
  const request = requestOf(
    'm',
    { X: { datatype: 'BYTES', shape: [2], data: packBytes(['grüße', '']) } },
    {
      id: 'r1',
      parameters: new Map<string, string | number>([
        ['k', 5],
        ['__proto__', 'x'],
      ]),
    },
  );
  const { outputs } = await live.service.infer(request);
  t.deepEqual(JSON.parse(Buffer.from(outputs[0]?.data ?? []).toString('utf8', 4)), {
    modelName: 'm',
    modelVersion: '3',
    instanceName: 'm_0',
    directory: join(live.repository.path, 'm/3'),
    config: 'm',
    parameters: JSON.parse('{"k":5,"__proto__":"x"}'),
    id: 'r1',
    text: ['grüße', ''],
    shape: [2],
  });
  await live[Symbol.asyncDispose]();
  t.is(await readFile(file, 'utf8'), 'bye from m_0');
});

const echo = `export const execute = (requests) => requests.map(({ inputs }) => ({ outputs: { Y: inputs.X.data } }));`;
const typed: readonly (readonly [Datatype, string, ArrayBufferView])[] = [
  ['BOOL', 'BOOL', Uint8Array.of(1, 0)],
  ['UINT8', 'UINT8', Uint8Array.of(255, 1)],
  ['UINT16', 'UINT16', Uint16Array.of(65535, 1)],
  ['UINT32', 'UINT32', Uint32Array.of(4294967295, 1)],
  ['UINT64', 'UINT64', BigUint64Array.of(2n ** 64n - 1n, 1n)],
  ['INT8', 'INT8', Int8Array.of(-128, 1)],
  ['INT16', 'INT16', Int16Array.of(-32768, 1)],
  ['INT32', 'INT32', Int32Array.of(-(2 ** 31), 1)],
  ['INT64', 'INT64', BigInt64Array.of(-(2n ** 63n), 1n)],
  ['FP16', 'FP16', Uint16Array.of(0x3c00, 1)],
  ['BF16', 'BF16', Uint16Array.of(0x3f80, 1)],
  ['FP32', 'FP32', Float32Array.of(-0, Number.NaN)],
  ['FP64', 'FP64', Float64Array.of(-0, 1e300)],
  ['BYTES', 'STRING', packBytes(['ä', ''])],
];
test.serial('a javascript model gets and gives every datatype', async (t) => {
  const files = typed.map(([datatype, config]) => ({
    [`${datatype}/config.pbtxt`]: `backend: "javascript"
      input { name: "X" data_type: TYPE_${config} dims: 2 } output { name: "Y" data_type: TYPE_${config} dims: 2 }`,
    [`${datatype}/1/model.mjs`]: echo,
  }));
  await using live = await liveService(Object.assign({}, ...files));
  for (const [datatype, , data] of typed) {
    const { outputs } = await live.service.infer(requestOf(datatype, { X: { datatype, shape: [2], data } }));
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    t.deepEqual(Buffer.from(outputs[0]?.data ?? []), Buffer.from(bytes), datatype);
    t.like(outputs[0], { name: 'Y', datatype, shape: [2] });
  }
});

const responses: readonly (readonly [string, string])[] = [
  ['{ outputs: { Y: [1.5] } }', "unable to parse 'data' of tensor 'Y' of type INT32: expected an integer, got 1.5"],
  [
    '{ outputs: { Y: Float32Array.of(1) } }',
    "output 'Y' of type INT32 must be a list or a Int32Array, got Float32Array",
  ],
  [
    '{ outputs: { Y: { shape: [3], data: [1] } } }',
    "Failed to parse 'data' field: shape does not match true shape of tensor 'Y': expected 3 elements, got 1",
  ],
  ['{ outputs: { Y: { shape: [3], data: Int32Array.of(1) } } }', "output 'Y' of shape [3] must have 3 elements, got 1"],
  ['{ outputs: { Y: { shape: [1, 1], data: [1] } } }', "output 'Y' must have shape [-1], got [1,1]"],
  ['{ outputs: { Y: { shape: [-1], data: [1] } } }', "output 'Y' must have shape [-1], got [-1]"],
  ['{ outputs: { Y: null } }', "output 'Y' must be a list, a typed array or { shape, data }, got null"],
  ['{ outputs: {} }', "the response lacks output 'Y'"],
  ['{ outputs: { Y: [1], Z: [1] } }', "the model has no output 'Z'"],
  ['{ outputs: null }', 'a response must be { outputs: { NAME: ... } } or { error }, got Object'],
  ['undefined', 'a response must be { outputs: { NAME: ... } } or { error }, got undefined'],
  ["{ error: 'no such user' }", 'no such user'],
  ["new Error('no such user')", 'no such user'],
];
for (const [response, message] of responses) {
  test.serial(`a javascript model fails a request that it answers with ${response}`, async (t) => {
    const module = `export const execute = (requests) => requests.map(() => (${response}));`;
    await using live = await liveService(javascriptModel(module));
    await t.throwsAsync(live.service.infer(numbers([1])), { name: 'RefusalError', message: `model 'm': ${message}` });
    const [statistics] = live.service.statistics({ name: 'm', version: '' });
    t.is(statistics?.inference_stats.fail.count, 1);
    t.is(statistics?.inference_count, 0);
    t.is(statistics?.execution_count, 1);
  });
}

for (const [returned, got] of [
  ['[]', '0 responses'],
  ['({})', 'Object'],
  ['undefined', 'undefined'],
] as const) {
  test.serial(`a javascript model fails the batch when execute returns ${returned}`, async (t) => {
    await using live = await liveService(javascriptModel(`export const execute = async () => ${returned};`));
    await t.throwsAsync(live.service.infer(numbers([1])), {
      message: `model 'm': execute failed: execute must return a list with one response for each of 1 requests, got ${got}`,
    });
  });
}

test.serial('a javascript model fails the batch in which execute throws, and goes on', async (t) => {
  await using live = await liveService(javascriptModel(obeyingModule));
  await t.throwsAsync(live.service.infer(numbers([91])), { message: "model 'm': execute failed: not today" });
  t.deepEqual(numbersOf(await live.service.infer(numbers([1]))), [1]);
});

test.serial('execute gets the requests of a dynamic batch, each by itself, and may fail one of them', async (t) => {
  const module = `
    export const execute = (requests) => requests.map(({ inputs, batchSize }) => inputs.X.data[0] === 3
      ? { error: 'no threes' }
      : { outputs: { Y: { shape: [batchSize, 1], data: inputs.X.data.map((value) => 100 * requests.length + value) } } });`;
  await using live = await liveService({
    'm/config.pbtxt': `backend: "javascript" max_batch_size: 8
      dynamic_batching { preferred_batch_size: 6 max_queue_delay_microseconds: 60000000 }
      input { name: "X" data_type: TYPE_INT32 dims: 1 } output { name: "Y" data_type: TYPE_INT32 dims: 1 }`,
    'm/1/model.mjs': module,
  });
  const answers = await Promise.allSettled([[1, 2], [3], [4, 5, 6]].map((values) => live.service.infer(rows(values))));
  t.deepEqual(
    answers.map((answer) => (answer.status === 'fulfilled' ? numbersOf(answer.value) : answer.reason.message)),
    [[301, 302], "model 'm': no threes", [304, 305, 306]],
  );
  const [statistics] = live.service.statistics({ name: 'm', version: '' });
  t.like(statistics, { execution_count: 1, inference_count: 5 });
  t.is(statistics?.batch_stats[0]?.batch_size, 6);
});

test.serial('a module that names its tensors needs no more than the backend in config.pbtxt', async (t) => {
  const module = `
    export const inputs = [{ name: 'X', datatype: 'INT32', shape: [-1, 1] }];
    export const outputs = [{ name: 'Y', datatype: 'INT32', shape: [-1, 1] }];
    ${echo}`;
  await using live = await liveService({ 'm/config.pbtxt': 'backend: "javascript"', 'm/1/model.mjs': module });
  t.deepEqual(numbersOf(await live.service.infer(rows([1, 2]))), [1, 2]);
  t.like(live.service.modelConfig({ name: 'm', version: '' }), {
    max_batch_size: 4,
    input: [{ name: 'X', dims: [1] }],
  });
});

test.serial('a javascript model sees the reshape of its configuration', async (t) => {
  const module = `export const execute = (requests) => requests.map(({ inputs }) => ({ outputs: {
    Y: { shape: inputs.X.shape, data: inputs.X.shape.map(Number) } } }));`;
  await using live = await liveService({
    'm/config.pbtxt': `backend: "javascript" max_batch_size: 2
      input { name: "X" data_type: TYPE_INT32 dims: [ 1, 2 ] reshape { shape: 2 } }
      output { name: "Y" data_type: TYPE_INT32 dims: [ 2, 1 ] reshape { shape: 2 } }`,
    'm/1/model.mjs': module,
  });
  const { outputs } = await live.service.infer(
    requestOf('m', { X: { datatype: 'INT32', shape: [1, 1, 2], data: Int32Array.of(1, 2) } }),
  );
  t.deepEqual(outputs[0]?.shape, [1, 2, 1]);
  t.deepEqual([...new Int32Array(Uint8Array.from(outputs[0]?.data ?? []).buffer)], [1, 2]);
});

test.serial('a javascript model reads strings that are no text as bytes only', async (t) => {
  const module = `export const execute = (requests) => requests.map(({ parameters, inputs }) => ({ outputs: {
    Y: parameters.bytes ? inputs.X.bytes : inputs.X.data } }));`;
  await using live = await liveService({
    'm/config.pbtxt': `backend: "javascript"
      input { name: "X" data_type: TYPE_STRING dims: 1 } output { name: "Y" data_type: TYPE_STRING dims: 1 }`,
    'm/1/model.mjs': module,
  });
  const data = packBytes([Uint8Array.of(0, 0xff)]);
  const input = { X: { datatype: 'BYTES', shape: [1], data } } as const;
  const { outputs } = await live.service.infer(requestOf('m', input, { parameters: new Map([['bytes', true]]) }));
  t.deepEqual(Buffer.from(outputs[0]?.data ?? []), Buffer.from(data));
  await t.throwsAsync(live.service.infer(requestOf('m', input)), {
    message: /input 'X' holds an element that is not UTF-8 text: expected text, or use 'bytes'$/,
  });
});

for (const [what, module, reason] of [
  ['a syntax error', 'export const', 'Unexpected end of input'],
  ['no execute', 'export const initialize = () => {};', "the module must export a function 'execute'"],
  ['an execute that is none', 'export const execute = 5;', "'execute' must be a function, got number"],
  [
    'an initialize that rejects',
    "export const initialize = async () => { throw new Error('no\\n key'); }; export const execute = 1;",
    "'execute' must be",
  ],
  [
    'an initialize that exits',
    'export const initialize = () => process.exit(4); export const execute = () => [];',
    'its process ended with exit code 4',
  ],
  [
    'tensors that are none',
    'export const inputs = [{}]; export const execute = () => [];',
    "'inputs[0]' must be { name, datatype, shape }",
  ],
] as const) {
  test.serial(`a javascript model with ${what} is not loaded`, async (t) => {
    const error = await t.throwsAsync(liveService(javascriptModel(module)), { name: 'PerfError' });
    t.regex(
      error.message,
      /^Cannot load model 'm': cannot load .*m\/1\/model\.mjs: expected a JavaScript model, got: /,
    );
    t.true(error.message.includes(reason), error.message);
  });
}

test.serial('a CommonJS module is a model as well, and what it prints is in the log', async (t) => {
  await using live = await liveService({
    ...javascriptModel('', 'default_model_filename: "model.cjs"'),
    'm/1/model.cjs': `module.exports = { execute(requests) { console.log('hello'); return this.answer(requests); },
      answer: (requests) => requests.map(({ inputs }) => ({ outputs: { Y: inputs.X.data } })) };`,
  });
  t.deepEqual(numbersOf(await live.service.infer(numbers([3]))), [3]);
  while (!live.lines.some((line) => line.endsWith('m_0: hello'))) await new Promise((resolve) => setImmediate(resolve));
  t.pass();
});
