import { intAttribute } from '../../onnx/attribute.js';
import type { ModelProto, NodeProto, TensorProto } from '../../onnx/model-proto.js';
import { elementCount, tensorDataType } from '../../onnx/tensor.js';
import { type Kept, keptNode, type Rewritten } from './rewritten.js';
import { constantsOf, freshNames, hasSubgraph, standardGraph } from './standard-graph.js';
import { fitsFloat16, float16Tensor, floatsOf } from './weight-values.js';

/** Smaller constants are not worth a node; shapes, scales and axes are among them. */
const fewestElements = 256;

/**
 * Stores weights in FP16, each with a `Cast` back to FP32 in front of whoever reads it: half the file, the same
 * arithmetic.
 */
export function weightsInFp16(source: ModelProto): Rewritten {
  const model = standardGraph(source);
  const fresh = freshNames(model);
  const constants = constantsOf(model.graph);
  const casts: NodeProto[] = [];
  const kept: Kept[] = [];
  const initializer = model.graph.initializer.map((tensor): TensorProto => {
    const values = elementCount(tensor.dims) < fewestElements ? undefined : floatsOf(tensor);
    if (values === undefined) return tensor;
    const { name = '' } = tensor;
    const reason = constants.has(name) ? beyondFp16(values) : 'callers may replace it: it is an input too';
    if (reason !== undefined) {
      kept.push({ name, opType: 'Weight', reason });
      return tensor;
    }
    const short = fresh(`${name}.fp16`);
    const to = intAttribute('to', tensorDataType.FLOAT);
    casts.push({ opType: 'Cast', name: fresh(`${name}.cast`), input: [short], output: [name], attribute: [to] });
    return float16Tensor(short, tensor.dims, values);
  });
  for (const node of model.graph.node) {
    if (hasSubgraph(node)) kept.push(keptNode(node, 'the weights inside its subgraph are left alone'));
  }
  const graph = { ...model.graph, initializer, node: [...casts, ...model.graph.node] };
  return { model: { ...model, graph }, converted: casts.length, kept };
}

/** Why values stay in FP32; `undefined` when FP16 holds them. */
export const beyondFp16 = (values: Float32Array): string | undefined =>
  fitsFloat16(values) ? undefined : 'it holds numbers beyond 65504, the largest of FP16';
