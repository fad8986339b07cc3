import type { NodeProto } from '../../onnx/model-proto.js';
import type { NamedTensor } from '../../onnx/tensor.js';
import { floatOf, intOf, isStandard } from './standard-graph.js';
import { floatsOf } from './weight-values.js';

/** A node with constant weights that can compute in 8 bits. */
export interface QuantizedLayer {
  readonly kind: 'layer';
  readonly weight: NamedTensor;
  /** The axis of the weight that counts what the node gives. */
  readonly axis: number;
  readonly bias: NamedTensor | undefined;
  /** Whether ONNX Runtime computes in 8 bits only when what the node gives is quantised too. */
  readonly mustGiveBytes: boolean;
}

export type StaticLayer =
  | QuantizedLayer
  | { readonly kind: 'unsuited'; readonly reason: string }
  | { readonly kind: 'other' };

type Constants = ReadonlyMap<string, NamedTensor>;

/** Reads a node as a layer, or says why a `Conv`, `Gemm` or `MatMul` is none. */
export function staticLayerOf(node: NodeProto, constants: Constants): StaticLayer {
  const isConv = isStandard(node, 'Conv');
  if (!isConv && !isStandard(node, 'Gemm') && !isStandard(node, 'MatMul')) return { kind: 'other' };
  const reason = unsuited(node, constants);
  const [, weightName = '', biasName = ''] = node.input;
  const weight = constants.get(weightName);
  if (reason !== undefined || weight === undefined) return { kind: 'unsuited', reason: reason ?? 'it has no weight' };
  const axis = isConv || intOf(node, 'transB', 0) !== 0 ? 0 : 1;
  return { kind: 'layer', weight, axis, bias: constants.get(biasName), mustGiveBytes: isConv };
}

function unsuited(node: NodeProto, constants: Constants): string | undefined {
  const [input = '', weightName = '', biasName = ''] = node.input;
  const weight = constants.get(weightName);
  if (weight === undefined) return 'its second input is not a constant';
  if (constants.has(input)) return 'both of its inputs are constants';
  const hasRank = node.opType === 'Conv' ? weight.dims.length >= 3 : weight.dims.length === 2;
  if (!hasRank) return `its weight has ${weight.dims.length} dimensions`;
  if (weight.dims.includes(0)) return 'its weight is empty';
  if (intOf(node, 'transA', 0) !== 0) return 'its first input is transposed';
  if (floatOf(node, 'alpha', 1) !== 1 || floatOf(node, 'beta', 1) !== 1) return 'it multiplies by alpha or beta';
  if (biasName !== '' && constants.get(biasName)?.dims.length !== 1) return 'its bias is not a constant vector';
  return unsuitedValues(biasName === '' ? [weight] : [weight, constants.get(biasName)]);
}

function unsuitedValues(tensors: readonly (NamedTensor | undefined)[]): string | undefined {
  const floats = tensors.map(valuesOf);
  if (floats.includes(undefined)) return 'its weight or bias is not FP32';
  return floats.every((values) => values?.every(Number.isFinite)) ? undefined : 'its weight holds infinities or NaN';
}

const valuesOf = (tensor: NamedTensor | undefined): Float32Array | undefined =>
  tensor === undefined ? undefined : floatsOf(tensor);
