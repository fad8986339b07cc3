import test from 'ava';
import { intAttribute, stringAttribute } from '../../../src/onnx/attribute.js';
import { macsOf } from '../../../src/onnx/inspect/node-macs.js';
import type { AttributeProto } from '../../../src/onnx/model-proto.js';

interface Case {
  readonly opType: string;
  readonly inputs: readonly (readonly number[])[];
  readonly output: readonly number[];
  readonly attribute?: readonly AttributeProto[];
  /** As a product that a reader can check. */
  readonly macs: number;
}

const cases: readonly Case[] = [
  // The stem of ResNet-50: each of 64 x 112 x 112 outputs sums over 3 x 7 x 7.
  {
    opType: 'Conv',
    inputs: [
      [1, 3, 224, 224],
      [64, 3, 7, 7],
    ],
    output: [1, 64, 112, 112],
    macs: 64 * 112 * 112 * 3 * 7 * 7,
  },
  // A filter for each of 32 channels, a batch of 2.
  {
    opType: 'Conv',
    inputs: [
      [2, 32, 10, 10],
      [32, 1, 3, 3],
    ],
    output: [2, 32, 10, 10],
    macs: 2 * 32 * 100 * 9,
  },
  {
    opType: 'QLinearConv',
    inputs: [[1, 3, 8, 8], [], [], [4, 3, 3, 3]],
    output: [1, 4, 8, 8],
    macs: 4 * 64 * 27,
  },
  // Each of 8 x 5 x 5 inputs goes to 4 channels at 2 x 2 places.
  {
    opType: 'ConvTranspose',
    inputs: [
      [1, 8, 5, 5],
      [8, 4, 2, 2],
    ],
    output: [1, 4, 10, 10],
    macs: 8 * 25 * 4 * 4,
  },
  {
    opType: 'MatMul',
    inputs: [
      [2, 4, 128, 64],
      [2, 4, 64, 128],
    ],
    output: [2, 4, 128, 128],
    macs: 8 * 128 * 64 * 128,
  },
  { opType: 'MatMul', inputs: [[7], [7]], output: [], macs: 7 },
  {
    opType: 'Gemm',
    inputs: [
      [1, 512],
      [512, 10],
    ],
    output: [1, 10],
    macs: 5120,
  },
  {
    opType: 'Gemm',
    inputs: [
      [512, 3],
      [512, 10],
    ],
    output: [3, 10],
    attribute: [intAttribute('transA', 1)],
    macs: 3 * 512 * 10,
  },
  // 5 steps of a batch of 2: four gates of 16, from 8 inputs and 16 of the state.
  {
    opType: 'LSTM',
    inputs: [
      [5, 2, 8],
      [1, 64, 8],
      [1, 64, 16],
    ],
    output: [5, 1, 2, 16],
    macs: 5 * 2 * (64 * 8 + 64 * 16),
  },
  {
    opType: 'Einsum',
    inputs: [
      [2, 3, 5, 7],
      [2, 3, 11, 7],
    ],
    output: [2, 3, 5, 11],
    attribute: [stringAttribute('equation', 'bhqd, bhkd -> bhqk')],
    macs: 2 * 3 * 5 * 11 * 7,
  },
  { opType: 'Relu', inputs: [[1, 64]], output: [1, 64], macs: 0 },
];

for (const { opType, inputs, output, attribute = [], macs } of cases) {
  test(`macsOf ${opType} of ${inputs.map((dims) => `[${dims}]`).join(' and ')}`, (t) => {
    const names = inputs.map((_, index) => `in${index}`);
    const dims = new Map([...names.map((name, index) => [name, inputs[index] ?? []] as const), ['out', output]]);
    t.is(
      macsOf({ opType, input: names, output: ['out'], attribute }, (name = '') => dims.get(name)),
      macs,
    );
  });
}

test('macsOf knows nothing without the shapes that it needs', (t) => {
  const node = { opType: 'MatMul', input: ['a', 'b'], output: ['c'] };
  t.is(
    macsOf(node, (name) => (name === 'c' ? [2, 3] : undefined)),
    undefined,
  );
});
