import type { ModelDraft } from '../../src/onnx/encode-model.js';
import { createGraphBuilder } from '../../src/onnx/graph-builder.js';
import { tensorDataType } from '../../src/onnx/tensor.js';

/** The model of Triton's first example: the sum and the difference of two vectors of 16 integers. */
export function buildSimple(): ModelDraft {
  const graph = createGraphBuilder();
  const vector = { dataType: tensorDataType.INT32, dims: ['batch', 16] };
  const left = graph.input({ name: 'INPUT0', ...vector });
  const right = graph.input({ name: 'INPUT1', ...vector });
  graph.output({ name: graph.node('Add', 'OUTPUT0', [left, right]), ...vector });
  graph.output({ name: graph.node('Sub', 'OUTPUT1', [left, right]), ...vector });
  return graph.finish({ name: 'simple', opset: 17, irVersion: 8 });
}
