import type { ModelProto, NodeProto } from '../../onnx/model-proto.js';
import { float32Tensor, type NamedTensor } from '../../onnx/tensor.js';
import { constantsOf, floatOf, freshNames, intOf, isStandard, readByNode, withInitializers } from './standard-graph.js';
import { floatsOf } from './weight-values.js';

/**
 * Folds each batch normalisation that follows a convolution, and nothing else does, into its weights and bias: it computes
 * the same but for rounding. All of its parameters and the weights must be constants of FP32.
 */
export function foldBatchNorm(model: ModelProto): ModelProto {
  const { graph } = model;
  const fresh = freshNames(model);
  const constants = constantsOf(graph);
  const readers = new Map<string, number>();
  for (const name of [...graph.node.flatMap(readByNode), ...graph.output.map((output) => output.name)]) {
    readers.set(name, (readers.get(name) ?? 0) + 1);
  }
  const convolutions = new Map(
    graph.node.filter((node) => isStandard(node, 'Conv')).map((node) => [node.output[0], node]),
  );
  const folded = new Map<NodeProto, NodeProto | undefined>();
  const tensors: NamedTensor[] = [];
  for (const norm of graph.node) {
    const [input = '', ...parameters] = norm.input;
    const convolution = convolutions.get(input);
    if (!isPlainNorm(norm) || convolution === undefined || readers.get(input) !== 1) continue;
    const values = [...convolution.input.slice(1), ...parameters].map((name) => valuesOf(constants.get(name)));
    if (values.includes(undefined)) continue;
    const made = foldedWeights(convolution, norm, constants);
    const weight = float32Tensor(fresh(`${norm.output[0]}.weight`), made.dims, made.weight);
    const bias = float32Tensor(fresh(`${norm.output[0]}.bias`), [made.bias.length], made.bias);
    tensors.push(weight, bias);
    const [x = ''] = convolution.input;
    folded.set(convolution, { ...convolution, input: [x, weight.name, bias.name], output: norm.output });
    folded.set(norm, undefined);
  }
  const node = graph.node.flatMap((each) => (folded.has(each) ? (folded.get(each) ?? []) : each));
  return { ...model, graph: withInitializers({ ...graph, node }, tensors) };
}

const valuesOf = (tensor: NamedTensor | undefined): Float32Array | undefined =>
  tensor === undefined ? undefined : floatsOf(tensor);

/** With one output, that is as it is used after training. */
const isPlainNorm = (node: NodeProto): boolean =>
  isStandard(node, 'BatchNormalization') &&
  node.output.filter((name) => name !== '').length === 1 &&
  intOf(node, 'training_mode', 0) === 0;

interface Folded {
  readonly dims: readonly number[];
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

/** y = (conv(x) - mean) / sqrt(variance + epsilon) * scale + shift, channel by channel. */
function foldedWeights(convolution: NodeProto, norm: NodeProto, constants: ReadonlyMap<string, NamedTensor>): Folded {
  const read = (name: string | undefined): Float32Array => valuesOf(constants.get(name ?? '')) ?? new Float32Array(0);
  const [scale, shift, mean, variance] = norm.input.slice(1).map(read);
  const epsilon = floatOf(norm, 'epsilon', 1e-5);
  const weight = read(convolution.input[1]);
  const dims = constants.get(convolution.input[1] ?? '')?.dims ?? [];
  const channels = dims[0] ?? 1;
  const inner = weight.length / channels;
  const factors = Float64Array.from({ length: channels }, (_, channel) => {
    return (scale?.[channel] ?? 0) / Math.sqrt((variance?.[channel] ?? 0) + epsilon);
  });
  const bias = read(convolution.input[2]);
  return {
    dims,
    weight: weight.map((value, index) => value * (factors[Math.floor(index / inner)] ?? 0)),
    bias: Float32Array.from(factors, (factor, channel) => {
      return ((bias[channel] ?? 0) - (mean?.[channel] ?? 0)) * factor + (shift?.[channel] ?? 0);
    }),
  };
}
