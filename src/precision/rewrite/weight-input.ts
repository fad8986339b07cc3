import type { NodeProto } from '../../onnx/model-proto.js';
import type { NamedTensor } from '../../onnx/tensor.js';
import { intOf } from './standard-graph.js';
import { floatsOf } from './weight-values.js';

/** What a node is for a quantiser, when it is none that it takes. */
export type NoLayer = { readonly kind: 'unsuited'; readonly reason: string } | { readonly kind: 'other' };

export type Constants = ReadonlyMap<string, NamedTensor>;

export const unsuited = (reason: string): NoLayer => ({ kind: 'unsuited', reason });

/** The second input of a `Conv`, `Gemm` or `MatMul` as a constant weight of FP32, or why it is none that can be quantised. */
export function weightOf(node: NodeProto, constants: Constants): NamedTensor | string {
  const [input = '', weightName = ''] = node.input;
  const weight = constants.get(weightName);
  if (weight === undefined) return 'its second input is not a constant';
  if (constants.has(input)) return 'both of its inputs are constants';
  const hasRank = node.opType === 'Conv' ? weight.dims.length >= 3 : weight.dims.length === 2;
  if (!hasRank) return `its weight has ${weight.dims.length} dimensions`;
  if (weight.dims.includes(0)) return 'its weight is empty';
  if (intOf(node, 'transA', 0) !== 0) return 'its first input is transposed';
  return unsuitedFloats(weight) ?? weight;
}

/** Why the elements of a constant cannot be quantised. */
export function unsuitedFloats(tensor: NamedTensor): string | undefined {
  const values = floatsOf(tensor);
  if (values === undefined) return `${tensor.name} is not FP32`;
  return values.every(Number.isFinite) ? undefined : `${tensor.name} holds infinities or NaN`;
}
