import { intAttribute } from '../../src/onnx/attribute.js';
import type { GraphBuilder, ValueName } from '../../src/onnx/graph-builder.js';
import { float32Tensor, tensorDataType } from '../../src/onnx/tensor.js';

/** Which tokens count. */
export interface TokenMask {
  /** [batch, sequence]: 1 for a token that counts, 0 for padding. */
  readonly weight: ValueName;
  /** [batch, 1, 1, sequence]: 0 for a token that counts, a large negative number for padding. */
  readonly attentionBias: ValueName;
}

/** Makes 0 and 1 of whatever integers the mask holds. */
export function tokenMask(graph: GraphBuilder, attentionMask: ValueName): TokenMask {
  const isPadding = graph.node('Equal', 'is_padding', [attentionMask, 'int.0']);
  const padding = graph.node('Cast', 'padding', [isPadding], [intAttribute('to', tensorDataType.FLOAT)]);
  const weight = graph.node('Sub', 'token_weight', ['float.1', padding]);
  // Finite, and so small that its exponential is 0: with -Infinity, a mask of zeros would give NaN.
  graph.constant(float32Tensor('padding_bias', [], Float32Array.of(-10000)));
  const bias = graph.node('Mul', 'padding.bias', [padding, 'padding_bias']);
  return { weight, attentionBias: graph.node('Unsqueeze', 'attention_bias', [bias, 'axes.1.2']) };
}

/** What to average. */
export interface TokenMean {
  readonly name: ValueName;
  /** [batch, sequence, width]. */
  readonly hidden: ValueName;
  readonly mask: TokenMask;
}

/** The mean over the tokens that count, [batch, width]; zeros when none does. */
export function meanOverTokens(graph: GraphBuilder, { name, hidden, mask }: TokenMean): ValueName {
  const leaveOut = [intAttribute('keepdims', 0)];
  const weight = graph.node('Unsqueeze', 'token_weight.column', [mask.weight, 'axes.2']);
  const weighted = graph.node('Mul', 'weighted', [hidden, weight]);
  const sum = graph.node('ReduceSum', 'weighted.sum', [weighted, 'axes.1'], leaveOut);
  const count = graph.node('ReduceSum', 'token_count', [weight, 'axes.1'], leaveOut);
  const atLeastOne = graph.node('Max', 'token_count.positive', [count, 'float.1']);
  return graph.node('Div', name, [sum, atLeastOne]);
}
