import test from 'ava';
import { type InferenceSession, Tensor } from 'onnxruntime-node';
import { seededUint32 } from '../../src/core/random.js';
import { largestDifference, openSampleModel, rowsOf } from './run-sample-model.js';

async function encode(session: InferenceSession, ids: readonly bigint[][], mask: readonly bigint[][]) {
  const tensor = (rows: readonly bigint[][]) =>
    new Tensor('int64', BigInt64Array.from(rows.flat()), [rows.length, rows[0]?.length ?? 0]);
  const { embedding } = await session.run({ input_ids: tensor(ids), attention_mask: tensor(mask) });
  return rowsOf(embedding);
}

function randomIntegers(length: number, seed: number): bigint[] {
  const next = seededUint32(seed);
  return Array.from({ length }, () => BigInt.asIntN(64, (BigInt(next()) << 32n) | BigInt(next())));
}

const ones = (length: number) => Array.from({ length }, () => 1n);
const zeros = (length: number) => Array.from({ length }, () => 0n);

test('text_encoder gives an embedding of 256 for any length, alone and in a batch', async (t) => {
  const session = await openSampleModel(t, 'text_encoder');
  for (const length of [1, 17, 600]) {
    const ids = Array.from({ length: 8 }, (_, row) => randomIntegers(length, row));
    const mask = ids.map(() => ones(length));
    const batch = await encode(session, ids, mask);
    const alone = await encode(session, ids.slice(0, 1), mask.slice(0, 1));
    t.deepEqual([batch.length, batch[0]?.length], [8, 256]);
    t.true(batch.flat().every(Number.isFinite));
    t.true(largestDifference(alone[0] ?? [], batch[0] ?? []) < 1e-4);
    t.true(largestDifference(batch[0] ?? [], batch[1] ?? []) > 0.1);
  }
});

test('text_encoder does not see what the mask leaves out', async (t) => {
  const session = await openSampleModel(t, 'text_encoder');
  const [short = []] = await encode(session, [[5n, 6n]], [[1n, 1n]]);
  const [padded = []] = await encode(session, [[5n, 6n, 7n, 8n]], [[1n, 1n, 0n, 0n]]);
  const [whole = []] = await encode(session, [[5n, 6n, 7n, 8n]], [ones(4)]);
  t.true(largestDifference(short, padded) < 1e-4);
  t.true(largestDifference(short, whole) > 0.1);
});

test('text_encoder takes any integers: ids wrap around the vocabulary, a mask of zeros gives zeros', async (t) => {
  const session = await openSampleModel(t, 'text_encoder');
  const [extremes = []] = await encode(session, [[-(2n ** 63n), 2n ** 63n - 1n, -1n]], [[-1n, 2n ** 40n, 7n]]);
  const [wrapped = []] = await encode(session, [[0n, 8191n, 8191n]], [ones(3)]);
  t.true(largestDifference(extremes, wrapped) < 1e-6);
  const [nothing = []] = await encode(session, [randomIntegers(9, 1)], [zeros(9)]);
  t.true(nothing.every((value) => value === 0));
});
