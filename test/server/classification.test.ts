import test from 'ava';
import { createGrpcClient } from '../../src/client/grpc-client.js';
import type { Datatype } from '../../src/protocol/datatype.js';
import { elementCodecs, type FixedDatatype } from '../../src/protocol/element-codec.js';
import { noParameters, type Parameters } from '../../src/protocol/infer.js';
import { rawByteSize, type Tensor, unpackBytes } from '../../src/protocol/tensor.js';
import { classCountOf, classify } from '../../src/server/classification.js';
import { startServer } from '../../src/server/start-server.js';
import { liveService, oneInstance, requestOf } from './live-service.js';
import { identityOnnx } from './tiny-onnx.js';

type Scores = readonly (number | bigint)[];

function tensorOf(datatype: FixedDatatype, shape: readonly number[], values: Scores): Tensor {
  const sizeBytes = rawByteSize(datatype, []) ?? 0;
  const view = new DataView(new ArrayBuffer(values.length * sizeBytes));
  values.forEach((value, index) => {
    elementCodecs[datatype].write(view, index * sizeBytes, value);
  });
  return { name: 'Y', datatype, shape, data: new Uint8Array(view.buffer) };
}

const texts = ({ data }: Tensor): string[] => unpackBytes(data, 'Y').map((bytes) => Buffer.from(bytes).toString());

const rows: readonly [
  title: string,
  datatype: FixedDatatype,
  scores: Scores,
  classCount: number,
  expected: string[],
][] = [
  ['highest first', 'FP32', [0.25, 0.5, -1], 2, ['0.500000:1', '0.250000:0']],
  ['more classes than scores', 'FP64', [1, 2], 9, ['2.000000:1', '1.000000:0']],
  ['equal scores in their order', 'INT32', [7, 9, 7, 9], 4, ['9:1', '9:3', '7:0', '7:2']],
  ['exact 64-bit integers', 'INT64', [9007199254740992n, 9007199254740993n], 1, ['9007199254740993:1']],
  ['unsigned 64-bit integers', 'UINT64', [1n, 2n ** 64n - 1n], 1, ['18446744073709551615:1']],
  ['bytes', 'INT8', [-128, 127], 2, ['127:1', '-128:0']],
  ['NaN last', 'FP32', [Number.NaN, -Infinity, Infinity], 3, ['inf:2', '-inf:1', 'nan:0']],
  ['ties as printf rounds them', 'FP64', [1 / 128, 3 / 128], 2, ['0.023438:1', '0.007812:0']],
  ['negative ties', 'FP64', [-1 / 128], 1, ['-0.007812:0']],
  ['minus nothing', 'FP64', [-0], 1, ['-0.000000:0']],
  ['numbers without an exponent', 'FP64', [1e21], 1, ['1000000000000000000000.000000:0']],
];

for (const [title, datatype, scores, classCount, expected] of rows) {
  test(`classify gives ${title}`, (t) => {
    const output = classify(tensorOf(datatype, [scores.length], scores), {
      classCount,
      isBatching: false,
      labels: undefined,
    });
    t.deepEqual(texts(output), expected);
    t.deepEqual([output.datatype, output.shape], ['BYTES', [expected.length]]);
  });
}

test('classify takes each row of a batch for itself, and labels as far as there are any', (t) => {
  const output = classify(tensorOf('FP32', [2, 1, 3], [1, 2, 3, 6, 5, 4]), {
    classCount: 2,
    isBatching: true,
    labels: ['cat', 'dog', ''],
  });
  t.deepEqual(output.shape, [2, 2]);
  t.deepEqual(texts(output), ['3.000000:2', '2.000000:1:dog', '6.000000:0:cat', '5.000000:1:dog']);
});

test('classify picks the same classes whether it sorts all scores or not', (t) => {
  const scores = Array.from({ length: 1000 }, (_, index) => (index * 7919) % 101);
  const of = (classCount: number) =>
    texts(classify(tensorOf('INT32', [1000], scores), { classCount, isBatching: false, labels: undefined }));
  t.deepEqual(of(64), of(1000).slice(0, 64));
  t.deepEqual(of(3), ['100:32', '100:133', '100:234']);
});

test('classify refuses more than a million scores', (t) => {
  const output = tensorOf('INT8', [1_000_001], Array<number>(1_000_001).fill(0));
  t.throws(() => classify(output, { classCount: 1, isBatching: false, labels: undefined }), {
    message: /more than 1000000 elements/,
  });
});

const asked = (classification: string | number | boolean): Parameters => new Map([['classification', classification]]);

test('classCountOf takes whole numbers, and 0 for no classes', (t) => {
  t.is(classCountOf({ name: 'Y', parameters: noParameters }, 'BYTES'), 0);
  t.is(classCountOf({ name: 'Y', parameters: asked(0) }, 'BYTES'), 0);
  t.is(classCountOf({ name: 'Y', parameters: asked(3) }, 'FP32'), 3);
  for (const value of [-1, 1.5, '3', true]) {
    t.throws(() => classCountOf({ name: 'Y', parameters: asked(value) }, 'FP32'), { message: /unsigned integer, got/ });
  }
  for (const datatype of ['BOOL', 'BYTES', 'FP16', 'BF16'] satisfies Datatype[]) {
    t.throws(() => classCountOf({ name: 'Y', parameters: asked(1) }, datatype), {
      message: `class result not available for output due to unsupported type '${datatype}'`,
    });
  }
});

const config = oneInstance(`max_batch_size: 4
  input { name: "INPUT0" data_type: TYPE_FP32 dims: [ 3 ] }
  output { name: "OUTPUT0" data_type: TYPE_FP32 dims: [ 3 ] label_filename: "labels.txt" }`);
const model = { 'scores/1/model.onnx': identityOnnx('FP32', ['batch', 3]), 'scores/config.pbtxt': config };

async function setUp() {
  const live = await liveService(
    { ...model, 'scores/labels.txt': 'cat\ndog\r\nfish\n' },
    { modelControlMode: 'explicit', loadModels: ['scores'] },
  );
  const server = await startServer(live.service, { httpPort: 0, grpcPort: 0, metricsPort: 0, log: () => undefined });
  const origin = `http://127.0.0.1:${server.ports.http}`;
  return {
    origin,
    grpc: createGrpcClient({ address: `127.0.0.1:${server.ports.grpc}` }),
    post: async (path: string, body: object) => {
      const reply = await fetch(origin + path, { method: 'POST', body: JSON.stringify(body) });
      return { status: reply.status, headers: reply.headers, body: Buffer.from(await reply.arrayBuffer()) };
    },
    async [Symbol.asyncDispose]() {
      await this.grpc[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      await live[Symbol.asyncDispose]();
    },
  };
}

const body = (parameters: object) => ({
  inputs: [{ name: 'INPUT0', datatype: 'FP32', shape: [2, 3], data: [1, 2, 3, 0.5, 0.25, 0.125] }],
  outputs: [{ name: 'OUTPUT0', parameters }],
});
const bestTwo = ['3.000000:2:fish', '2.000000:1:dog', '0.500000:0:cat', '0.250000:1:dog'];

test('the server answers classes over HTTP, as JSON and as binary data', async (t) => {
  await using fixture = await setUp();
  const json = await fixture.post('/v2/models/scores/infer', body({ classification: 2 }));
  t.deepEqual(JSON.parse(json.body.toString()).outputs, [
    { name: 'OUTPUT0', datatype: 'BYTES', shape: [2, 2], data: bestTwo },
  ]);
  const binary = await fixture.post('/v2/models/scores/infer', body({ classification: 2, binary_data: true }));
  const data = binary.body.subarray(Number(binary.headers.get('inference-header-content-length')));
  t.deepEqual(texts({ name: 'Y', datatype: 'BYTES', shape: [2, 2], data }), bestTwo);
  const plain = await fixture.post('/v2/models/scores/infer', body({ classification: 0 }));
  t.is(JSON.parse(plain.body.toString()).outputs[0].datatype, 'FP32');
  const wrong = await fixture.post('/v2/models/scores/infer', body({ classification: 'two' }));
  t.is(wrong.status, 400);
  t.regex(wrong.body.toString(), /classification.*unsigned integer, got 'two'/);
});

test('the server answers classes over gRPC', async (t) => {
  await using fixture = await setUp();
  const tensor = { datatype: 'FP32', shape: [2, 3], data: Float32Array.of(1, 2, 3, 0.5, 0.25, 0.125) } as const;
  const infer = (classification: number) =>
    fixture.grpc.infer(
      requestOf('scores', { INPUT0: tensor }, { outputs: [{ name: 'OUTPUT0', parameters: asked(classification) }] }),
    );
  const [output] = (await infer(2)).outputs;
  t.deepEqual([output?.datatype, output?.shape], ['BYTES', [2, 2]]);
  t.deepEqual(output === undefined ? [] : texts(output), bestTwo);
  await t.throwsAsync(infer(0), { message: /classification.*must be above 0/ });
});

test('a label file outside of the model folder, and one that is missing, fail the load', async (t) => {
  await using fixture = await setUp();
  const loaded = async (file: string) => {
    const { status, body } = await fixture.post('/v2/repository/models/scores/load', {
      parameters: {
        config: JSON.stringify({
          backend: 'onnxruntime',
          max_batch_size: 4,
          input: [{ name: 'INPUT0', data_type: 'TYPE_FP32', dims: [3] }],
          output: [{ name: 'OUTPUT0', data_type: 'TYPE_FP32', dims: [3], label_filename: file }],
        }),
      },
    });
    return `${status} ${JSON.parse(body.toString() || '{}').error ?? ''}`;
  };
  t.regex(await loaded('../../secret'), /^400 .*'label_filename' must stay inside the directory of scores/);
  t.regex(await loaded('/etc/passwd'), /^400 .*'label_filename' must stay inside/);
  t.regex(await loaded('gone.txt'), /^400 .*cannot read the labels of output 'OUTPUT0'/);
  t.is(await loaded('labels.txt'), '200 ');
});
