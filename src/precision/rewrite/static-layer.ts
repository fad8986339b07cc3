import type { NodeProto } from '../../onnx/model-proto.js';
import type { NamedTensor } from '../../onnx/tensor.js';
import { floatOf, intOf, isStandard } from './standard-graph.js';
import { type Constants, type NoLayer, unsuited, unsuitedFloats, weightOf } from './weight-input.js';

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

export type StaticLayer = QuantizedLayer | NoLayer;

/** Reads a node as a layer, or says why a `Conv`, `Gemm` or `MatMul` is none. */
export function staticLayerOf(node: NodeProto, constants: Constants): StaticLayer {
  const isConv = isStandard(node, 'Conv');
  if (!isConv && !isStandard(node, 'Gemm') && !isStandard(node, 'MatMul')) return { kind: 'other' };
  const weight = weightOf(node, constants);
  if (typeof weight === 'string') return unsuited(weight);
  if (floatOf(node, 'alpha', 1) !== 1 || floatOf(node, 'beta', 1) !== 1) {
    return unsuited('it multiplies by alpha or beta');
  }
  const [, , biasName = ''] = node.input;
  const bias = constants.get(biasName);
  if (biasName !== '' && bias?.dims.length !== 1) return unsuited('its bias is not a constant vector');
  const reason = bias === undefined ? undefined : unsuitedFloats(bias);
  if (reason !== undefined) return unsuited(reason);
  const axis = isConv || intOf(node, 'transB', 0) !== 0 ? 0 : 1;
  return { kind: 'layer', weight, axis, bias, mustGiveBytes: isConv };
}
