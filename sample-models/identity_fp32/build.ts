import type { ModelDraft } from '../../src/onnx/encode-model.js';
import { createGraphBuilder } from '../../src/onnx/graph-builder.js';
import { tensorDataType } from '../../src/onnx/tensor.js';

/** Gives back what it gets, of any length: what remains of its latency is the cost of the protocol. */
export function buildIdentityFp32(): ModelDraft {
  const graph = createGraphBuilder();
  const vector = { dataType: tensorDataType.FLOAT, dims: ['batch', 'length'] };
  const input = graph.input({ name: 'INPUT0', ...vector });
  graph.output({ name: graph.node('Identity', 'OUTPUT0', [input]), ...vector });
  return graph.finish({ name: 'identity_fp32', opset: 17, irVersion: 8 });
}
