import type { ModelDraft } from '../../src/onnx/encode-model.js';
import { createGraphBuilder, type GraphBuilder } from '../../src/onnx/graph-builder.js';
import { tensorDataType } from '../../src/onnx/tensor.js';
import { dense, type Vector } from '../dense-layer.js';

/** Three fully connected layers, 512-1024-1024-256, ReLU between. Limited by memory: a batch costs little more than one. */
export function buildMlp(): ModelDraft {
  const graph = createGraphBuilder();
  const value = graph.input({ name: 'input', dataType: tensorDataType.FLOAT, dims: ['batch', 512] });
  const first = relu(graph, dense(graph, { value, width: 512 }, { name: 'hidden1', width: 1024 }));
  const second = relu(graph, dense(graph, first, { name: 'hidden2', width: 1024 }));
  dense(graph, second, { name: 'output', width: 256 });
  graph.output({ name: 'output', dataType: tensorDataType.FLOAT, dims: ['batch', 256] });
  return graph.finish({ name: 'mlp', opset: 17, irVersion: 8 });
}

function relu(graph: GraphBuilder, { value, width }: Vector): Vector {
  return { value: graph.node('Relu', `${value}.relu`, [value]), width };
}
