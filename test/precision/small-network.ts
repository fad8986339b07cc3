import { intAttribute, intsAttribute } from '../../src/onnx/attribute.js';
import { createGraphBuilder } from '../../src/onnx/graph-builder.js';
import type { ModelProto } from '../../src/onnx/model-proto.js';
import { float32Tensor, tensorDataType } from '../../src/onnx/tensor.js';
import { uniformValues } from './small-graph.js';

/** Two convolutions, the first with a batch normalisation, a shortcut around the second, pooling, and a classifier. */
export function smallNetwork(opset: number): ModelProto {
  const graph = createGraphBuilder();
  const weight = (name: string, dims: readonly number[], shift = 0) => {
    const count = dims.reduce((product, dim) => product * dim, 1);
    return graph.constant(
      float32Tensor(
        name,
        dims,
        uniformValues(count, name).map((value) => value / 3 + shift),
      ),
    );
  };
  const padded = [intsAttribute('pads', [1, 1, 1, 1])];
  const input = graph.input({ name: 'input', dataType: tensorDataType.FLOAT, dims: ['n', 3, 8, 8] });
  const first = graph.node('Conv', 'first', [input, weight('w1', [8, 3, 3, 3]), weight('b1', [8])], padded);
  const norms = [weight('scale', [8], 1), weight('shift', [8]), weight('mean', [8]), weight('variance', [8], 0.7)];
  const relu = graph.node('Relu', 'relu', [graph.node('BatchNormalization', 'norm', [first, ...norms])]);
  const second = graph.node('Conv', 'second', [relu, weight('w2', [8, 8, 3, 3])], padded);
  const sum = graph.node('Relu', 'sum.relu', [graph.node('Add', 'sum', [second, relu])]);
  const halved = [intsAttribute('kernel_shape', [2, 2]), intsAttribute('strides', [2, 2])];
  const pooled = graph.node('GlobalAveragePool', 'pooled', [graph.node('MaxPool', 'halved', [sum], halved)]);
  const flat = graph.node('Flatten', 'flat', [pooled]);
  graph.node('Gemm', 'output', [flat, weight('w3', [10, 8]), weight('b3', [10])], [intAttribute('transB', 1)]);
  graph.output({ name: 'output', dataType: tensorDataType.FLOAT, dims: ['n', 10] });
  return graph.finish({ name: 'small', opset, irVersion: 8 }).model;
}
