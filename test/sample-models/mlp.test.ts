import test from 'ava';
import { Tensor } from 'onnxruntime-node';
import { seededRandom } from '../../src/core/random.js';
import { largestDifference, openSampleModel, rowsOf } from './run-sample-model.js';

test('mlp maps 512 values to 256, alone and in a batch', async (t) => {
  const session = await openSampleModel(t, 'mlp');
  const values = Float32Array.from({ length: 8 * 512 }, seededRandom(3));
  const batch = rowsOf((await session.run({ input: new Tensor('float32', values, [8, 512]) }))['output']);
  const first = new Tensor('float32', values.slice(0, 512), [1, 512]);
  const alone = rowsOf((await session.run({ input: first }))['output']);
  t.deepEqual([batch.length, batch[0]?.length], [8, 256]);
  t.true(batch.flat().every(Number.isFinite));
  t.true(largestDifference(alone[0] ?? [], batch[0] ?? []) < 1e-4);
  t.true(largestDifference(batch[0] ?? [], batch[1] ?? []) > 0.1);
});
