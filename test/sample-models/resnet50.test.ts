import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { InferenceSession } from 'onnxruntime-node';
import { writeSampleModel } from '../../sample-models/write-sample-model.js';
import { decodeModel } from '../../src/onnx/decode-model.js';
import { elementCount } from '../../src/onnx/tensor.js';
import { randomImages } from './random-images.js';
import { largestDifference, rowsOf } from './run-sample-model.js';
import { temporaryDirectory } from './temporary-directory.js';

// One test, so that the model is built once.
test('resnet50 has the architecture of the paper and tells images apart, alone and in a batch', async (t) => {
  const { directory } = await writeSampleModel('resnet50', await temporaryDirectory(t));
  const path = join(directory, '1', 'model.onnx');

  const { graph } = decodeModel(await readFile(path));
  // torchvision's ResNet-50 v1.5 has 25,557,032 parameters; folding takes one of the two of each of 26,560 channels.
  const parameters = graph.initializer.reduce((sum, { dims }) => sum + elementCount(dims), 0);
  t.is(parameters, 25_557_032 - 26_560);
  t.is(graph.node.filter(({ opType }) => opType === 'Conv').length, 53);

  const session = await InferenceSession.create(path);
  const batch = rowsOf((await session.run({ input: randomImages(8) }))['output']);
  const alone = rowsOf((await session.run({ input: randomImages(1) }))['output']);
  await session.release();

  t.deepEqual([batch.length, batch[0]?.length], [8, 1000]);
  t.true(batch.flat().every(Number.isFinite));
  t.true(largestDifference(alone[0] ?? [], batch[0] ?? []) < 1e-3);
  const classes = new Set(batch.map((logits) => logits.indexOf(Math.max(...logits))));
  t.true(classes.size >= 4, `8 images in ${classes.size} classes`);
  t.true(Math.max(...batch.flat().map(Math.abs)) < 100, 'logits fit in 16-bit floats');
});
