import test from 'ava';
import { Tensor } from 'onnxruntime-node';
import { openSampleModel } from './run-sample-model.js';

for (const batch of [1, 8]) {
  test(`simple gives exact sums and differences at batch ${batch}`, async (t) => {
    const session = await openSampleModel(t, 'simple');
    const left = Int32Array.from({ length: 16 * batch }, (_, index) => index * 1_000_003);
    const right = Int32Array.from({ length: 16 * batch }, (_, index) => 7 - index * 500_009);
    const dims = [batch, 16];
    const { OUTPUT0, OUTPUT1 } = await session.run({
      INPUT0: new Tensor('int32', left, dims),
      INPUT1: new Tensor('int32', right, dims),
    });
    t.deepEqual(OUTPUT0?.dims, dims);
    t.deepEqual(
      OUTPUT0?.data,
      left.map((value, index) => value + (right[index] ?? 0)),
    );
    t.deepEqual(
      OUTPUT1?.data,
      left.map((value, index) => value - (right[index] ?? 0)),
    );
  });
}

const stringCases: readonly [left: string, right: string, sum: string, difference: string][] = [
  ['1', '2', '3', '-1'],
  ['-5', '007', '2', '-12'],
  ['999999999999999999', '999999999999999999', '1999999999999999998', '0'],
  ['1000000000000000000', '1', '1', '-1'], // 19 digits: no number
  ['', '4', '4', '-4'],
  ['text', 'größe', '0', '0'],
  ['1.5', ' 2', '0', '0'],
  ['--1', '+1', '0', '0'],
];

test('simple_string adds and subtracts decimal integers and takes other text for 0', async (t) => {
  const session = await openSampleModel(t, 'simple_string');
  const cases = Array.from({ length: 8 }, () => [...stringCases, ...stringCases]).flat();
  const dims = [8, 16];
  const { OUTPUT0, OUTPUT1 } = await session.run({
    INPUT0: new Tensor(
      'string',
      cases.map(([left]) => left),
      dims,
    ),
    INPUT1: new Tensor(
      'string',
      cases.map(([, right]) => right),
      dims,
    ),
  });
  t.deepEqual(OUTPUT0?.dims, dims);
  t.deepEqual(
    OUTPUT0?.data,
    cases.map(([, , sum]) => sum),
  );
  t.deepEqual(
    OUTPUT1?.data,
    cases.map(([, , , difference]) => difference),
  );
});

test('identity_fp32 gives back what it gets, of any length', async (t) => {
  const session = await openSampleModel(t, 'identity_fp32');
  for (const dims of [
    [1, 1],
    [64, 3],
    [2, 1000],
  ]) {
    const [batch = 0, length = 0] = dims;
    const values = Float32Array.from({ length: batch * length }, (_, index) => index / 3);
    const { OUTPUT0 } = await session.run({ INPUT0: new Tensor('float32', values, dims) });
    t.deepEqual(OUTPUT0?.dims, dims);
    t.deepEqual(OUTPUT0?.data, values);
  }
});
