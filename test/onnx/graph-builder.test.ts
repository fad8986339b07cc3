import test from 'ava';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { floatAttribute, intAttribute, intsAttribute, stringAttribute } from '../../src/onnx/attribute.js';
import { encodeModel } from '../../src/onnx/encode-model.js';
import { createGraphBuilder } from '../../src/onnx/graph-builder.js';
import { float32Tensor, int64Tensor, stringTensor, tensorDataType } from '../../src/onnx/tensor.js';

test('createGraphBuilder makes a graph that ONNX Runtime runs, constants and attributes included', async (t) => {
  const graph = createGraphBuilder();
  const x = graph.input({ name: 'x', dataType: tensorDataType.FLOAT, dims: ['n', 2] });
  const scale = graph.constant(float32Tensor('scale', [2], Float32Array.of(10, -10)));
  const shape = graph.constant(int64Tensor('shape', [1], [-1]));
  const label = graph.constant(stringTensor('label', [2], ['größe', 'groß']));
  const scaled = graph.node('Mul', 'scaled', [x, scale]);
  const leaky = graph.node('LeakyRelu', 'leaky', [scaled], [floatAttribute('alpha', 0.5)]);
  const turned = graph.node('Transpose', 'turned', [leaky], [intsAttribute('perm', [1, 0])]);
  const flat = graph.node('Reshape', 'flat', [turned, shape], [intAttribute('allowzero', 0)]);
  graph.output({ name: flat, dataType: tensorDataType.FLOAT, dims: ['m'] });
  const match = graph.node('RegexFullMatch', 'match', [label], [stringAttribute('pattern', 'gr.+e')]);
  graph.output({ name: match, dataType: tensorDataType.BOOL, dims: [2] });
  const { model, deferred } = graph.finish({ name: 'sample', opset: 20, irVersion: 9 });

  const session = await InferenceSession.create(encodeModel(model));
  const outputs = await session.run({ x: new Tensor('float32', [1, 2, 3, 4], [2, 2]) });
  await session.release();

  t.deepEqual([...(outputs['flat']?.data ?? [])], [10, 30, -10, -20]);
  t.deepEqual([...(outputs['match']?.data ?? [])], [1, 0]);
  t.deepEqual(deferred, []);
  t.is(model.producerName, 'perf-analyze');
});
