import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import test from 'ava';
import { encodeModel } from '../../src/onnx/encode-model.js';
import type { ModelProto } from '../../src/onnx/model-proto.js';
import { type OptimizationLevel, optimizeOffline } from '../../src/precision/runtime/optimize-offline.js';
import { temporaryDirectory } from '../sample-models/temporary-directory.js';
import { smallGraph } from './small-graph.js';
import { smallNetwork } from './small-network.js';

const packagePath = createRequire(import.meta.url).resolve('onnxruntime-node');
const operators = ({ graph }: ModelProto): string[] => graph.node.map(({ opType }) => opType);

test('optimizeOffline folds batch normalisations with operators of the standard, the same bytes each time', async (t) => {
  const modelPath = join(await temporaryDirectory(t), 'network.onnx');
  const model = smallNetwork(17);
  await writeFile(modelPath, encodeModel(model));
  const optimized = (level: OptimizationLevel) => optimizeOffline({ packagePath, modelPath, model, level });
  const basic = await optimized('basic');
  t.true(operators(model).includes('BatchNormalization'));
  t.false(operators(basic.model).includes('BatchNormalization'));
  t.deepEqual([...new Set(basic.model.graph.node.map(({ domain = '' }) => domain))], ['']);
  t.true(basic.converted > 0);
  t.is(basic.remarks?.length, 1);
  t.regex(
    basic.remarks?.[0] ?? '',
    /^nodes: \d+ before, \d+ after; ONNX Runtime does the same whenever it loads the original/,
  );
  t.deepEqual(encodeModel((await optimized('basic')).model), encodeModel(basic.model));
  const { remarks } = await optimized('extended');
  t.regex(
    remarks?.[1] ?? '',
    /^only ONNX Runtime can serve it, because of its own operators: .*Fused.* \(com.microsoft\)/,
  );
});

test('optimizeOffline leaves the branches of an If their weights', async (t) => {
  const modelPath = join(await temporaryDirectory(t), 'small.onnx');
  const model = smallGraph();
  await writeFile(modelPath, encodeModel(model));
  const optimized = await optimizeOffline({ packagePath, modelPath, model, level: 'basic' });
  t.true(optimized.converted > 0);
});
