import test from 'ava';
import { findSampleModel } from '../../sample-models/catalogue.js';
import { elementCount } from '../../src/onnx/tensor.js';
import { randomImages } from './random-images.js';
import { largestDifference, openSampleModel, rowsOf } from './run-sample-model.js';

test('mobilenet_v2 has the architecture of the paper', async (t) => {
  const { model, deferred } = await findSampleModel('mobilenet_v2').build();
  // torchvision's MobileNet v2 has 3,504,872 parameters; folding takes one of the two of each of 17,056 channels.
  t.is(
    deferred.reduce((sum, { dims }) => sum + elementCount(dims), 0),
    3_504_872 - 17_056,
  );
  t.is(model.graph.node.filter(({ opType }) => opType === 'Conv').length, 52);
});

test('mobilenet_v2 tells images apart, alone and in a batch', async (t) => {
  const session = await openSampleModel(t, 'mobilenet_v2');
  const batch = rowsOf((await session.run({ input: randomImages(8) }))['output']);
  const alone = rowsOf((await session.run({ input: randomImages(1) }))['output']);
  t.deepEqual([batch.length, batch[0]?.length], [8, 1000]);
  t.true(batch.flat().every(Number.isFinite));
  t.true(largestDifference(alone[0] ?? [], batch[0] ?? []) < 1e-3);
  t.true(new Set(batch.map((logits) => logits.indexOf(Math.max(...logits)))).size >= 4);
});
