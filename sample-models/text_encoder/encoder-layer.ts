import { floatAttribute, intAttribute, intsAttribute } from '../../src/onnx/attribute.js';
import type { GraphBuilder, ValueName } from '../../src/onnx/graph-builder.js';
import { float32Tensor, int64Tensor } from '../../src/onnx/tensor.js';
import { randomWeights, uniformBound } from '../random-weights.js';

/** Elements of the embedding of one token. */
export const hiddenWidth = 256;

const headCount = 4;
const headWidth = hiddenWidth / headCount;
const feedForwardWidth = 1024;

/** What a layer works on. */
export interface EncoderLayer {
  readonly name: string;
  /** [batch, sequence, hiddenWidth]. */
  readonly hidden: ValueName;
  /** Added to the attention scores, [batch, 1, 1, sequence]. */
  readonly attentionBias: ValueName;
}

/** Attention among the tokens, then a feed-forward network on each, both with a shortcut and normalised. */
export function encoderLayer(graph: GraphBuilder, { name, hidden, attentionBias }: EncoderLayer): ValueName {
  const attended = attention(graph, { name: `${name}.attention`, hidden, attentionBias });
  const first = graph.node('Add', `${name}.attention.add`, [attended, hidden]);
  const middle = layerNormalization(graph, `${name}.attention.norm`, first);
  const wide = linear(graph, { name: `${name}.wide`, input: middle, from: hiddenWidth, to: feedForwardWidth });
  const active = gelu(graph, wide);
  const narrow = linear(graph, { name: `${name}.narrow`, input: active, from: feedForwardWidth, to: hiddenWidth });
  const second = graph.node('Add', `${name}.add`, [narrow, middle]);
  return layerNormalization(graph, `${name}.norm`, second);
}

/** Gives each token mean 0 and variance 1 (before a small bias). */
export function layerNormalization(graph: GraphBuilder, name: string, input: ValueName): ValueName {
  const dims = [hiddenWidth];
  const scale = graph.constant(float32Tensor(`${name}.scale`, dims, new Float32Array(hiddenWidth).fill(1)));
  const bias = graph.deferred(randomWeights({ name: `${name}.bias`, dims, bound: 0.05 }));
  return graph.node(
    'LayerNormalization',
    name,
    [input, scale, bias],
    [intAttribute('axis', -1), floatAttribute('epsilon', 1e-5)],
  );
}

/** Multi-head attention (Vaswani et al., 2017, https://arxiv.org/abs/1706.03762). */
function attention(graph: GraphBuilder, { name, hidden, attentionBias }: EncoderLayer): ValueName {
  const split = graph.constant(int64Tensor(`${name}.split`, [4], [0, 0, headCount, headWidth])); // 0 keeps a dimension
  const merge = graph.constant(int64Tensor(`${name}.merge`, [3], [0, 0, hiddenWidth]));
  const scale = graph.constant(float32Tensor(`${name}.scale`, [], Float32Array.of(1 / Math.sqrt(headWidth))));
  const heads = (part: string, order: readonly number[]) => {
    const all = linear(graph, { name: `${name}.${part}`, input: hidden, from: hiddenWidth, to: hiddenWidth });
    const apart = graph.node('Reshape', `${all}.split`, [all, split]);
    return graph.node('Transpose', `${all}.heads`, [apart], [intsAttribute('perm', order)]);
  };
  const [query, key, value] = [heads('query', [0, 2, 1, 3]), heads('key', [0, 2, 3, 1]), heads('value', [0, 2, 1, 3])];
  const products = graph.node('MatMul', `${name}.products`, [query, key]);
  const scores = graph.node('Mul', `${name}.scores`, [products, scale]);
  const masked = graph.node('Add', `${name}.masked`, [scores, attentionBias]);
  const shares = graph.node('Softmax', `${name}.shares`, [masked], [intAttribute('axis', -1)]);
  const mixed = graph.node('MatMul', `${name}.mixed`, [shares, value]);
  const together = graph.node('Transpose', `${name}.together`, [mixed], [intsAttribute('perm', [0, 2, 1, 3])]);
  const merged = graph.node('Reshape', `${name}.merged`, [together, merge]);
  return linear(graph, { name: `${name}.out`, input: merged, from: hiddenWidth, to: hiddenWidth });
}

interface Linear {
  readonly name: string;
  readonly input: ValueName;
  readonly from: number;
  readonly to: number;
}

function linear(graph: GraphBuilder, { name, input, from, to }: Linear): ValueName {
  const bound = uniformBound(from, 1);
  const weight = graph.deferred(randomWeights({ name: `${name}.weight`, dims: [from, to], bound }));
  const bias = graph.deferred(randomWeights({ name: `${name}.bias`, dims: [to], bound: 0.05 }));
  return graph.node('Add', name, [graph.node('MatMul', `${name}.product`, [input, weight]), bias]);
}

/** x · (1 + erf(x / √2)) / 2 (Hendrycks and Gimpel, 2016, https://arxiv.org/abs/1606.08415). */
function gelu(graph: GraphBuilder, input: ValueName): ValueName {
  const root = graph.constant(float32Tensor(`${input}.root2`, [], Float32Array.of(Math.SQRT2)));
  const erf = graph.node('Erf', `${input}.erf`, [graph.node('Div', `${input}.over_root2`, [input, root])]);
  const gate = graph.node('Add', `${input}.gate`, [erf, 'float.1']);
  const gated = graph.node('Mul', `${input}.gated`, [input, gate]);
  return graph.node('Mul', `${input}.gelu`, [gated, 'float.half']);
}
