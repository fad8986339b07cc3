import type { NodeProto } from '../../onnx/model-proto.js';
import { isStandard } from './standard-graph.js';

/** Operators of ai.onnx without FP16 in some version that is in use, or whose element type an attribute decides. */
const operators: ReadonlySet<string> = new Set([
  'Bernoulli',
  'ConvInteger',
  'CumSum',
  'DequantizeLinear',
  'DynamicQuantizeLinear',
  'EyeLike',
  'IsInf',
  'MatMulInteger',
  'MelWeightMatrix',
  'Multinomial',
  'NonMaxSuppression',
  'Optional',
  'QLinearConv',
  'QLinearMatMul',
  'QuantizeLinear',
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
  'Range',
  'RoiAlign',
  'SequenceConstruct',
  'SequenceEmpty',
  'SplitToSequence',
  'TfIdfVectorizer',
]);

/** Why a node cannot compute in FP16; `undefined` when it can. */
export function wholeInFp32(node: NodeProto): string | undefined {
  if (!isStandard(node, node.opType)) return `the operators of ${node.domain} may not know FP16`;
  if (operators.has(node.opType)) return `${node.opType} has no FP16`;
  if (isStandard(node, 'Constant')) return 'it is a constant that is an output, or no tensor';
  return undefined;
}

/** Inputs, by position, that are FP32 whatever the others are (ONNX operators, `Resize` and `Upsample`). */
const fp32Inputs: Readonly<Record<string, readonly number[]>> = { Resize: [1, 2], Upsample: [1] };

/** Whether an input of a node that computes in FP16 stays FP32. */
export function staysFp32(node: NodeProto, position: number): boolean {
  return fp32Inputs[node.opType]?.includes(position) ?? false;
}
