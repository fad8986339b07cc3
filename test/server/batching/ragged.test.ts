import test from 'ava';
import type { BatchInputKind } from '../../../src/protocol/model-config.js';
import { packBytes, unpackBytes } from '../../../src/protocol/tensor.js';
import { generateBatchInput } from '../../../src/server/batching/generate-batch-input.js';
import { liveService, oneInstance, requestOf } from '../live-service.js';
import { tinyOnnx } from '../tiny-onnx.js';

const requests = [
  [1, 2, 3],
  [2, 1, 4],
].map((shape) => ({ inputs: [{ name: 'X', datatype: 'FP32', shape, data: new Uint8Array() } as const], batchSize: 1 }));

const cases: readonly (readonly [BatchInputKind, number[], number[]])[] = [
  ['BATCH_ELEMENT_COUNT', [2], [6, 8]],
  ['BATCH_ACCUMULATED_ELEMENT_COUNT', [2], [6, 14]],
  ['BATCH_ACCUMULATED_ELEMENT_COUNT_WITH_ZERO', [3], [0, 6, 14]],
  ['BATCH_MAX_ELEMENT_COUNT_AS_SHAPE', [8], [0, 0, 0, 0, 0, 0, 0, 0]],
  ['BATCH_ITEM_SHAPE', [3, 2], [2, 3, 1, 4, 1, 4]],
  ['BATCH_ITEM_SHAPE_FLATTEN', [6], [2, 3, 1, 4, 1, 4]],
];

for (const [kind, shape, values] of cases) {
  test(`generateBatchInput ${kind}`, (t) => {
    const int32 = generateBatchInput({ kind, source: 0, datatype: 'INT32' }, requests);
    const fp32 = generateBatchInput({ kind, source: 0, datatype: 'FP32' }, requests);
    t.deepEqual([int32.shape, fp32.shape], [shape, shape]);
    t.deepEqual([...new Int32Array(int32.data.buffer)], values);
    t.deepEqual([...new Float32Array(fp32.data.buffer)], values);
  });
}

test('infer runs requests of different shapes as one flat batch', async (t) => {
  const value = (name: string, size: string) => ({ name, datatype: 'FP32', shape: [size] }) as const;
  const model = tinyOnnx({
    inputs: [value('X', 'elements'), value('N', 'batch')],
    outputs: [value('Y', 'batch')],
    nodes: [
      { op: 'ReduceSum', inputs: ['X'], outputs: ['sum'] },
      { op: 'Add', inputs: ['N', 'sum'], outputs: ['Y'] },
    ],
  });
  const config = `max_batch_size: 8 dynamic_batching { }
    input { name: "X" data_type: TYPE_FP32 dims: [ -1 ] allow_ragged_batch: true }
    output { name: "Y" data_type: TYPE_FP32 dims: [ 1 ] reshape { shape: [ ] } }
    batch_input { kind: BATCH_ELEMENT_COUNT target_name: "N" data_type: TYPE_FP32 source_input: "X" }`;
  await using live = await liveService({ 'ragged/1/model.onnx': model, 'ragged/config.pbtxt': oneInstance(config) });
  const infer = async (...values: number[]) => {
    const data = Float32Array.from(values);
    const request = requestOf('ragged', { X: { datatype: 'FP32', shape: [1, values.length], data } });
    const [output] = (await live.service.infer(request)).outputs;
    return [output?.shape, Buffer.from(output?.data ?? []).readFloatLE()];
  };
  const answers = await Promise.all([infer(10), infer(1, 2, 3), infer(4)]);
  t.deepEqual(answers, [
    [[1, 1], 1 + 10],
    [[1, 1], 3 + 10],
    [[1, 1], 1 + 10],
  ]);
  const [statistics] = live.service.statistics({ name: 'ragged', version: '' });
  t.deepEqual(
    statistics?.batch_stats.map((each) => each.batch_size),
    [1, 2],
  );
});

test('infer gives each request of a ragged batch its elements of a batch_output, in the shape of its input', async (t) => {
  const value = (name: string, datatype: 'FP32' | 'BYTES') => ({ name, datatype, shape: ['elements'] }) as const;
  const model = tinyOnnx({
    inputs: [value('X', 'FP32'), value('S', 'BYTES')],
    outputs: [value('Y', 'FP32'), value('T', 'BYTES')],
    nodes: [
      { op: 'Neg', inputs: ['X'], outputs: ['Y'] },
      { op: 'Identity', inputs: ['S'], outputs: ['T'] },
    ],
  });
  const config = `max_batch_size: 8 dynamic_batching { max_queue_delay_microseconds: 2000000 preferred_batch_size: 4 }
    input { name: "X" data_type: TYPE_FP32 dims: [ -1 ] allow_ragged_batch: true }
    input { name: "S" data_type: TYPE_STRING dims: [ -1 ] allow_ragged_batch: true }
    output { name: "Y" data_type: TYPE_FP32 dims: [ -1 ] }
    output { name: "T" data_type: TYPE_STRING dims: [ -1 ] }
    batch_output { target_name: "Y" kind: BATCH_SCATTER_WITH_INPUT_SHAPE source_input: "X" }
    batch_output { target_name: "T" source_input: "S" }`;
  await using live = await liveService({ 'ragged/1/model.onnx': model, 'ragged/config.pbtxt': oneInstance(config) });
  const infer = async (shape: readonly number[], values: readonly number[], texts: readonly string[]) => {
    const request = requestOf('ragged', {
      X: { datatype: 'FP32', shape, data: Float32Array.from(values) },
      S: { datatype: 'BYTES', shape: [shape[0] ?? 1, texts.length / (shape[0] ?? 1)], data: packBytes(texts) },
    });
    const [y, s] = (await live.service.infer(request)).outputs;
    const floats = Array.from(values, (_, index) => Buffer.from(y?.data ?? []).readFloatLE(index * 4));
    return [
      y?.shape,
      floats,
      s?.shape,
      unpackBytes(s?.data ?? new Uint8Array(), 'T').map((each) => Buffer.from(each).toString()),
    ];
  };
  const answers = await Promise.all([
    infer([1, 1], [1], ['a', 'bcd']),
    infer([2, 3], [2, 3, 4, 5, 6, 7], ['', 'e']),
    infer([1, 0], [], []),
  ]);
  t.deepEqual(answers, [
    [[1, 1], [-1], [1, 2], ['a', 'bcd']],
    [
      [2, 3],
      [-2, -3, -4, -5, -6, -7],
      [2, 1],
      ['', 'e'],
    ],
    [[1, 0], [], [1, 0], []],
  ]);
  const [statistics] = live.service.statistics({ name: 'ragged', version: '' });
  t.deepEqual(
    statistics?.batch_stats.map((each) => each.batch_size),
    [4],
  );
});
