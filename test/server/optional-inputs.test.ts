import test from 'ava';
import { decodeModel } from '../../src/onnx/decode-model.js';
import { encodeModel } from '../../src/onnx/encode-model.js';
import type { TensorProto } from '../../src/onnx/model-proto.js';
import type { Datatype } from '../../src/protocol/datatype.js';
import { withTrueInputs } from '../../src/server/backends/onnxruntime/overridable-inputs.js';
import { type LiveService, liveService, oneInstance, requestOf } from './live-service.js';
import { type TinyValue, tinyOnnx } from './tiny-onnx.js';

const value = (name: string, datatype: Datatype = 'FP32'): TinyValue => ({ name, datatype, shape: [2] });

/** OUT = X + BIAS + SHIFT; the last two have initializers. */
function biased(...initializer: readonly TensorProto[]): Uint8Array {
  const model = decodeModel(
    tinyOnnx({
      inputs: [value('X'), value('BIAS'), value('SHIFT')],
      outputs: [value('OUT')],
      nodes: [
        { op: 'Add', inputs: ['X', 'BIAS'], outputs: ['sum'] },
        { op: 'Add', inputs: ['sum', 'SHIFT'], outputs: ['OUT'] },
      ],
    }),
  );
  if (model.graph === undefined) throw new Error('no graph');
  return encodeModel({ ...model, graph: { ...model.graph, initializer } });
}

const floats = (...numbers: number[]) => new Uint8Array(Float32Array.from(numbers).buffer);
const bias: TensorProto = { name: 'BIAS', dims: [2], dataType: 1, rawData: floats(10, 20) };
const shift: TensorProto = { name: 'SHIFT', dims: [2], dataType: 1, floatData: [0.5, 0.25] };

const input = (name: string, rest = '') => `input { name: "${name}" data_type: TYPE_FP32 dims: [ 2 ] ${rest} }`;
const config = `${input('X')} ${input('BIAS', 'optional: true')} ${input('SHIFT', 'optional: true')}
  output { name: "OUT" data_type: TYPE_FP32 dims: [ 2 ] }`;

const serve = (text = config, model = biased(bias, shift)) =>
  liveService({ 'm/1/model.onnx': model, 'm/config.pbtxt': oneInstance(text) });

async function outputOf({ service }: LiveService, names: readonly string[]): Promise<number[]> {
  const data = Float32Array.of(1, 2);
  const inputs = Object.fromEntries(names.map((name) => [name, { datatype: 'FP32', shape: [2], data } as const]));
  const { outputs } = await service.infer(requestOf('m', inputs));
  return [...new Float32Array(Uint8Array.from(outputs[0]?.data ?? []).buffer)];
}

for (const [names, expected] of [
  [['X'], [11.5, 22.25]],
  [
    ['X', 'BIAS'],
    [2.5, 4.25],
  ],
  [
    ['SHIFT', 'X'],
    [12, 24],
  ],
  [
    ['X', 'SHIFT', 'BIAS'],
    [3, 6],
  ],
] as const) {
  test(`a request with ${names.join(', ')} takes the rest from the model`, async (t) => {
    await using live = await serve();
    t.deepEqual(await outputOf(live, names), [...expected]);
    t.deepEqual(await outputOf(live, ['X']), [11.5, 22.25]);
  });
}

for (const [names, message] of [
  [[], /expected number of inputs between 1 and 3 but got 0 inputs for model 'm'.*missing required input\(s\) \['X'\]/],
  [['BIAS', 'SHIFT'], /expected number of inputs between 1 and 3 but got 2.*missing required input\(s\) \['X'\]/],
  [['X', 'NOTHING'], /unexpected inference input 'NOTHING' for model 'm'/],
] as const) {
  test(`a request with ${names.join(', ') || 'nothing'} is refused`, async (t) => {
    await using live = await serve();
    t.like(await t.throwsAsync(outputOf(live, names)), { reason: 'invalid-argument' });
    await t.throwsAsync(outputOf(live, names), { message });
  });
}

test('metadata lists optional inputs like any other', async (t) => {
  await using live = await serve();
  const { inputs } = live.service.modelMetadata({ name: 'm', version: '' });
  t.deepEqual(
    inputs.map(({ name }) => name),
    ['X', 'BIAS', 'SHIFT'],
  );
});

for (const [title, text, model, message] of [
  [
    'an optional input without an initializer',
    config,
    biased(bias),
    /input 'SHIFT' cannot be optional: expected an input/,
  ],
  [
    'an optional input of a model that batches',
    `max_batch_size: 4 ${config}`,
    biased(bias, shift),
    /model input 'BIAS' can only be optional with max_batch_size 0/,
  ],
  [
    'an initializer in another file',
    config,
    biased(bias, { ...shift, dataLocation: 1, externalData: [{ key: 'location', value: 'x' }] }),
    /input 'SHIFT' cannot be optional: its initializer is in another file/,
  ],
] as const) {
  test(`a model with ${title} does not load`, async (t) => {
    await t.throwsAsync(serve(text, model), { message });
  });
}

const typed: readonly [title: string, tensor: TensorProto, expected: Uint8Array][] = [
  [
    'INT64',
    { dims: [2], dataType: 7, int64Data: [-1, { low: 0, high: 0x40000000 }] },
    new Uint8Array(BigInt64Array.of(-1n, 2n ** 62n).buffer),
  ],
  ['UINT8', { dims: [2], dataType: 2, int32Data: [7, 255] }, Uint8Array.of(7, 255)],
  ['BOOL', { dims: [2], dataType: 9, int32Data: [1, 0] }, Uint8Array.of(1, 0)],
  ['FP64', { dims: [2], dataType: 11, doubleData: [0.5, -2] }, new Uint8Array(Float64Array.of(0.5, -2).buffer)],
  ['FP16', { dims: [2], dataType: 10, int32Data: [0x3c00, 0xc000] }, Uint8Array.of(0, 0x3c, 0, 0xc0)],
  [
    'BYTES',
    { dims: [2], dataType: 8, stringData: [Buffer.from('a'), Buffer.from('')] },
    Uint8Array.of(1, 0, 0, 0, 97, 0, 0, 0, 0),
  ],
];

for (const [title, tensor, expected] of typed) {
  test(`withTrueInputs reads typed ${title} elements, and takes the initializer away`, (t) => {
    const { model, initial } = withTrueInputs(biased({ ...tensor, name: 'BIAS' }, shift), ['BIAS']);
    t.deepEqual(initial.get('BIAS'), { shape: [2], data: expected });
    t.deepEqual(
      decodeModel(model).graph?.initializer.map(({ name }) => name),
      ['SHIFT'],
    );
  });
}

/** Answers how many requests there are in the batch, and which inputs its own has. */
const tellingModule = `
export const execute = (requests) => requests.map(({ inputs }) => ({
  outputs: { SEEN: { shape: [1, 1], data: [requests.length + ' ' + Object.keys(inputs)] } },
}));`;

const telling = {
  'm/1/model.mjs': tellingModule,
  'm/config.pbtxt': `backend: "javascript" max_batch_size: 8 ${input('X')} ${input('BIAS', 'optional: true')}
    output { name: "SEEN" data_type: TYPE_STRING dims: [ 1 ] }
    dynamic_batching { preferred_batch_size: 4 max_queue_delay_microseconds: 60000000 }`,
};

/** A tensor of the ensemble for each input of `m`. */
const through = (optional: string) => ({
  'e/1/empty': '',
  'e/config.pbtxt': `platform: "ensemble" max_batch_size: 8 ${input('A')} ${input('B', optional)}
    output { name: "SEEN" data_type: TYPE_STRING dims: [ 1 ] }
    ensemble_scheduling { step { model_name: "m" model_version: -1
      input_map { key: "X" value: "A" } input_map { key: "BIAS" value: "B" } output_map { key: "SEEN" value: "SEEN" } } }`,
});

test('a javascript model sees which optional inputs there are, and batches requests that have the same', async (t) => {
  await using live = await liveService({ ...telling, ...through('optional: true') });
  const row = { datatype: 'FP32', shape: [1, 2], data: Float32Array.of(1, 2) } as const;
  const askOf = async (model: string, names: readonly string[]) => {
    const request = requestOf(model, Object.fromEntries(names.map((name) => [name, row])));
    return Buffer.from((await live.service.infer(request)).outputs[0]?.data ?? []).toString('utf8', 4);
  };
  const ask = (...names: string[]) => askOf('m', names);
  // Another set of inputs sends what waits; four of one set are as many as the batcher wants.
  const alike = [ask('X'), ask('X'), ...Array.from({ length: 4 }, () => ask('BIAS', 'X'))];
  t.deepEqual(await Promise.all(alike), ['2 X', '2 X', '4 X,BIAS', '4 X,BIAS', '4 X,BIAS', '4 X,BIAS']);
  await t.throwsAsync(ask('BIAS'), { message: /expected number of inputs between 1 and 2 but got 1 .*\['X'\]/ });
  const none = { datatype: 'FP32', shape: [0, 2], data: new Float32Array(0) } as const;
  const empty = live.service.infer(requestOf('m', { X: row, BIAS: none }));
  await t.throwsAsync(empty, { message: /batch size does not match/ });
  const throughEnsemble = ['A', 'A', 'B', 'B', 'B', 'B'].map((name) => askOf('e', name === 'A' ? ['A'] : ['A', 'B']));
  t.deepEqual((await Promise.all(throughEnsemble)).toSorted(), [...Array(2).fill('2 X'), ...Array(4).fill('4 X,BIAS')]);
  await t.throwsAsync(askOf('e', ['B']), { message: /expected number of inputs between 1 and 2 but got 1 .*\['A'\]/ });
});

test('an optional input of an ensemble must be optional in its models too', async (t) => {
  const required = telling['m/config.pbtxt'].replace('optional: true', '');
  await t.throwsAsync(liveService({ ...telling, 'm/config.pbtxt': required, ...through('optional: true') }), {
    message: /in ensemble e, input BIAS in model m is not optional, but mapped to the optional ensemble input B$/,
  });
});
