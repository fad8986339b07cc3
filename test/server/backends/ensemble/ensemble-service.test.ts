import test, { type ExecutionContext } from 'ava';
import { type InferRequest, noParameters } from '../../../../src/protocol/infer.js';
import { packBytes } from '../../../../src/protocol/tensor.js';
import { type ContractClient, RefusedError } from '../../../contract/contract-client.js';
import { connectOverGrpc } from '../../../contract/grpc-client.js';
import { connectOverHttp } from '../../../contract/http-client.js';
import { connectInMemory } from '../../../contract/memory-client.js';
import { liveService, oneInstance, requestOf, simpleModel } from '../../live-service.js';
import { identityOnnx } from '../../tiny-onnx.js';
import { doubling, ensembleFiles, ensembleText } from './ensemble-models.js';

const ints = (value: (index: number) => number, rows = 1) =>
  ({
    datatype: 'INT32',
    shape: [rows, 16],
    data: Int32Array.from({ length: rows * 16 }, (_, index) => value(index)),
  }) as const;

const doublingRequest = (rows = 1, changes: Partial<InferRequest> = {}) =>
  requestOf('doubling', { A: ints((index) => index, rows), B: ints((index) => 100 - index, rows) }, changes);

const textTensor = 'data_type: TYPE_STRING dims: [ -1 ]';
const imageTensor = 'data_type: TYPE_FP32 dims: [ 2, 2 ] reshape { shape: [ 4 ] }';

/** `outer` doubles twice, through `doubling` and with a model of its own. */
const outer = {
  inputs: doubling.inputs,
  outputs: { FOUR_A: undefined },
  steps: [
    { model: 'doubling', version: 1, in: { A: 'A', B: 'B' }, out: { TWICE_A: 'X', TWICE_B: 'Y' } },
    { model: 'simple', in: { INPUT0: 'X', INPUT1: 'X' }, out: { OUTPUT0: 'FOUR_A', OUTPUT1: 'NONE' } },
    { model: 'simple', in: { INPUT0: 'Y', INPUT1: 'NONE' }, out: { OUTPUT0: 'Z' } },
    { model: 'simple', in: { INPUT0: 'Z', INPUT1: 'Z' }, out: { OUTPUT0: 'UNUSED' } },
  ],
};

const files = {
  ...simpleModel(),
  ...ensembleFiles('doubling', ensembleText(doubling)),
  ...ensembleFiles('outer', ensembleText({ ...outer, outputs: { FOUR_A: undefined, UNUSED: undefined } })),
  'words/1/model.onnx': identityOnnx('BYTES', ['n']),
  'words/config.pbtxt': oneInstance(`input { name: "INPUT0" ${textTensor} } output { name: "OUTPUT0" ${textTensor} }`),
  ...ensembleFiles(
    'sentence',
    ensembleText({
      head: '',
      inputs: { IN: textTensor },
      outputs: { OUT: textTensor },
      steps: [
        { model: 'words', in: { INPUT0: 'MID' }, out: { OUTPUT0: 'OUT' } },
        { model: 'words', in: { INPUT0: 'IN' }, out: { OUTPUT0: 'MID' } },
      ],
    }),
  ),
  'flat/1/model.onnx': identityOnnx('FP32', ['batch', 4]),
  'flat/config.pbtxt': oneInstance('max_batch_size: 8'),
  ...ensembleFiles(
    'image',
    ensembleText({
      inputs: { IN: imageTensor },
      outputs: { OUT: imageTensor },
      steps: [{ model: 'flat', in: { INPUT0: 'IN' }, out: { OUTPUT0: 'OUT' } }],
    }),
  ),
  ...ensembleFiles(
    'one_row',
    ensembleText({
      head: '',
      inputs: { IN: 'data_type: TYPE_FP32 dims: [ 4 ]' },
      outputs: { OUT: 'data_type: TYPE_FP32 dims: [ 4 ] label_filename: "labels.txt"' },
      steps: [{ model: 'flat', in: { INPUT0: 'IN' }, out: { OUTPUT0: 'OUT' } }],
    }),
  ),
  'one_row/labels.txt': 'zero\none\ntwo\nthree\n',
};

const int32s = (data: Uint8Array | undefined) => [...new Int32Array(Uint8Array.from(data ?? []).buffer)];

let opened: ReturnType<typeof liveService> | undefined;
test.after.always(async () => (await opened)?.[Symbol.asyncDispose]());

type Body = (t: ExecutionContext, client: ContractClient) => Promise<void>;

/** One server for all of these, reached in every way. */
const cases: Readonly<Record<string, Body>> = {
  'answers an ensemble with batches, in every tensor form': async (t, client) => {
    for (const form of client.forms) {
      const { outputs, modelName, modelVersion } = await client.infer(doublingRequest(3, { id: 'x' }), form);
      t.is(`${modelName} ${modelVersion}`, 'doubling 1');
      t.deepEqual(
        outputs.map(({ name, shape }) => [name, shape]),
        [
          ['TWICE_A', [3, 16]],
          ['TWICE_B', [3, 16]],
        ],
      );
      t.deepEqual(int32s(outputs[0]?.data), int32s(new Uint8Array(ints((index) => 2 * index, 3).data.buffer)));
      t.deepEqual(int32s(outputs[1]?.data), int32s(new Uint8Array(ints((index) => 200 - 2 * index, 3).data.buffer)));
    }
  },
  'describes an ensemble as a model': async (t, client) => {
    const shape = [-1, 16];
    t.like(await client.modelMetadata({ name: 'doubling', version: '' }), {
      platform: 'ensemble',
      versions: ['1'],
      inputs: [
        { name: 'A', datatype: 'INT32', shape },
        { name: 'B', datatype: 'INT32', shape },
      ],
    });
    const config = await client.modelConfig({ name: 'doubling', version: '' });
    t.deepEqual(
      config.ensemble_scheduling?.step.map(({ model_name, model_version }) => [model_name, model_version]),
      [
        ['simple', -1],
        ['simple', -1],
      ],
    );
    t.deepEqual(config.instance_group, []);
    t.true((await client.serverMetadata()).extensions.includes('model_repository(unload_dependents)'));
  },
  'answers a nested ensemble, and only what was asked for': async (t, client) => {
    const [form = 'memory'] = client.forms;
    const asked = doublingRequest(1, { modelName: 'outer', outputs: [{ name: 'FOUR_A', parameters: noParameters }] });
    const { outputs } = await client.infer(asked, form);
    t.deepEqual(
      outputs.map(({ name }) => name),
      ['FOUR_A'],
    );
    t.deepEqual(int32s(outputs[0]?.data).slice(0, 3), [0, 4, 8]);
  },
  'hands BYTES from step to step': async (t, client) => {
    const data = packBytes(['one', '', 'drei \u00fc']);
    for (const form of client.forms) {
      const request = requestOf('sentence', { IN: { datatype: 'BYTES', shape: [3], data } });
      const { outputs } = await client.infer(request, form);
      t.deepEqual(Buffer.from(outputs[0]?.data ?? []), Buffer.from(data));
    }
  },
  'applies the reshape of an ensemble': async (t, client) => {
    const data = Float32Array.from({ length: 8 }, (_, index) => index);
    const request = requestOf('image', { IN: { datatype: 'FP32', shape: [2, 2, 2], data } });
    const { outputs } = await client.infer(request, client.forms[0] ?? 'memory');
    t.deepEqual(outputs[0]?.shape, [2, 2, 2]);
    t.deepEqual(Buffer.from(outputs[0]?.data ?? []), Buffer.from(data.buffer));
  },
  'gives a model with batching one row of an ensemble without': async (t, client) => {
    const request = requestOf('one_row', { IN: { datatype: 'FP32', shape: [4], data: Float32Array.of(1, 2, 3, 4) } });
    t.deepEqual((await client.infer(request, client.forms[0] ?? 'memory')).outputs[0]?.shape, [4]);
  },
  "classifies an ensemble's output, with its labels": async (t, client) => {
    const data = Float32Array.of(0, 9, 5, 1);
    const outputs = [{ name: 'OUT', parameters: new Map([['classification', 2]]) }];
    const request = requestOf('one_row', { IN: { datatype: 'FP32', shape: [4], data } }, { outputs });
    const [classes] = (await client.infer(request, client.forms[0] ?? 'memory')).outputs;
    t.deepEqual(Buffer.from(classes?.data ?? []), Buffer.from(packBytes(['9.000000:1:one', '5.000000:2:two'])));
  },
  'refuses what does not fit the ensemble, in its own name': async (t, client) => {
    const asking = client.infer(doublingRequest(9), client.forms[0] ?? 'memory');
    const error = await t.throwsAsync(asking, { instanceOf: RefusedError });
    t.is(error.message, "[request id: <id_unknown>] inference request batch-size must be <= 8 for 'doubling'");
    t.true(error.reasons.includes('invalid-argument'));
  },
};

for (const [transport, connect] of [
  ['memory', connectInMemory],
  ['http', connectOverHttp],
  ['grpc', connectOverGrpc],
] as const) {
  for (const [title, body] of Object.entries(cases)) {
    test(`${transport} ${title}`, async (t) => {
      opened ??= liveService(files);
      await using client = await connect((await opened).service, (line) => t.log(line));
      await body(t, client);
    });
  }
}

test('statistics: the models count their executions, the ensemble its requests with the sums of their times', async (t) => {
  await using live = await liveService({ ...simpleModel(), ...ensembleFiles('doubling', ensembleText(doubling)) });
  const { service } = live;
  for (const rows of [1, 1, 4]) await service.infer(doublingRequest(rows));
  await t.throwsAsync(service.infer(doublingRequest(9)));
  const [ensemble] = service.statistics({ name: 'doubling', version: '' });
  const [simple] = service.statistics({ name: 'simple', version: '' });
  t.like(simple, { execution_count: 6, inference_count: 12 });
  t.like(ensemble, { execution_count: 3, inference_count: 6 });
  const ours = ensemble?.inference_stats;
  const theirs = simple?.inference_stats;
  t.is(ours?.success.count, 3);
  t.is(ours?.fail.count, 0, 'refused before it was accepted');
  for (const part of ['compute_input', 'compute_infer', 'compute_output'] as const) {
    t.is(ours?.[part].count, 3);
    t.is(ours?.[part].ns, theirs?.[part].ns);
  }
  t.true((ours?.success.ns ?? 0) >= (theirs?.success.ns ?? 0), 'steps that follow each other');
  t.deepEqual(
    ensemble?.batch_stats.map(({ batch_size, compute_infer }) => [batch_size, compute_infer.count]),
    [
      [1, 2],
      [4, 1],
    ],
  );
});
