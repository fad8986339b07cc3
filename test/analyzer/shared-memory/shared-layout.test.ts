import test from 'ava';
import { layOutInputs, layOutOutputs, outputsIn } from '../../../analyzer/shared-memory/shared-layout.js';
import { type InferRequest, noParameters } from '../../../src/protocol/infer.js';

const tensor = (name: string, data: readonly number[]) => ({
  name,
  datatype: 'UINT8' as const,
  shape: [data.length],
  data: Uint8Array.from(data),
  parameters: noParameters,
});
const request = (inputs: InferRequest['inputs']): InferRequest => ({
  modelName: 'm',
  modelVersion: '',
  id: '',
  parameters: noParameters,
  inputs,
  outputs: [],
});

test('layOutInputs gives every tensor a place of its own, and leaves empty ones where they are', (t) => {
  const requests = [request([tensor('a', [1, 2]), tensor('b', [])]), request([tensor('a', Array(65).fill(3))])];
  const { areas, byteSize, requests: placed } = layOutInputs(requests, 'r');
  t.deepEqual(
    areas.map(({ offset, data }) => [offset, data.length]),
    [
      [0, 2],
      [64, 65],
    ],
  );
  t.is(byteSize, 192);
  t.deepEqual(
    placed.map(({ inputs }) => inputs.map(({ data, parameters }) => [data.length, Object.fromEntries(parameters)])),
    [
      [
        [0, { shared_memory_region: 'r', shared_memory_byte_size: 2 }],
        [0, {}],
      ],
      [[0, { shared_memory_region: 'r', shared_memory_byte_size: 65, shared_memory_offset: 64 }]],
    ],
  );
});

test('layOutOutputs takes known sizes from the model and the others from the user, times the batch', (t) => {
  const layout = layOutOutputs(
    [
      { name: 'x', datatype: 'FP32', dims: [3] },
      { name: 'y', datatype: 'FP32', dims: [-1] },
      { name: 'z', datatype: 'BYTES', dims: [2] },
    ],
    { batchSize: 2, unknownBytes: 100 },
  );
  t.deepEqual(layout, {
    areas: [
      { name: 'x', offset: 0, byteSize: 24 },
      { name: 'y', offset: 64, byteSize: 200 },
      { name: 'z', offset: 320, byteSize: 200 },
    ],
    byteSize: 576,
  });
  t.deepEqual(outputsIn('r', layout).map(({ name, parameters }) => [name, Object.fromEntries(parameters)])[1], [
    'y',
    { shared_memory_region: 'r', shared_memory_byte_size: 200, shared_memory_offset: 64 },
  ]);
});
