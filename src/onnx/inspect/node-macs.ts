import type { NodeProto } from '../model-proto.js';
import { elementCount } from '../tensor.js';

/** The dims of a value; absent when they are not known. */
export type DimsOf = (value: string | undefined) => readonly number[] | undefined;

/** What a count needs of a node. */
interface Operands {
  readonly node: NodeProto;
  /** Dims of the n-th input; a scalar where they are not known, which `isKnown` excludes. */
  readonly input: (index: number) => readonly number[];
  readonly output: readonly number[];
}

interface CountedOperator {
  /** The inputs whose dims are needed. */
  readonly inputs: readonly number[];
  readonly count: (operands: Operands) => number;
}

const product = (dims: readonly number[]): number => elementCount(dims);

/** Each element of the output sums over the channels of its group and the kernel: the weight's dims but the first. */
const convolution = (weight: number): CountedOperator => ({
  inputs: [weight],
  count: ({ input, output }) => product(output) * product(input(weight).slice(1)),
});

/** Each element of the input goes into the channels of its group, at all places of the kernel. */
const transposedConvolution: CountedOperator = {
  inputs: [0, 1],
  count: ({ input }) => product(input(0)) * product(input(1).slice(1)),
};

/** Each element of the output sums over the last dimension of the left operand. */
const matrixProduct: CountedOperator = {
  inputs: [0],
  count: ({ input, output }) => product(output) * (input(0).at(-1) ?? 1),
};

const gemm: CountedOperator = {
  inputs: [0],
  count: ({ node, input, output }) => product(output) * (input(0)[integerOf(node, 'transA') === 1 ? 0 : 1] ?? 1),
};

/** In each step, each sequence of the batch is multiplied with all weights of input and recurrence. */
const recurrence: CountedOperator = {
  inputs: [0, 1, 2],
  count: ({ input }) => product(input(0).slice(0, 2)) * (product(input(1)) + product(input(2))),
};

/** One product for each combination of the indices that its operands have. */
const einsum: CountedOperator = {
  inputs: [0, 1],
  count: ({ node, input }) => {
    const equation = node.attribute?.find(({ name }) => name === 'equation')?.s ?? new Uint8Array();
    const terms = Buffer.from(equation).toString('utf8').replaceAll(/\s/g, '').split('->')[0]?.split(',') ?? [];
    const extents = new Map(
      terms.flatMap((term, operand) => [...term].map((index, axis) => [index, input(operand)[axis] ?? 1] as const)),
    );
    return product([...extents.values()]);
  },
};

/** Weights packed in blocks; their plain shape is in the attributes. */
const packedProduct: CountedOperator = {
  inputs: [0],
  count: ({ node, input }) => product(input(0)) * integerOf(node, 'N'),
};

const counted: Readonly<Record<string, CountedOperator>> = {
  Conv: convolution(1),
  ConvInteger: convolution(1),
  FusedConv: convolution(1),
  DeformConv: convolution(1),
  QLinearConv: convolution(3),
  ConvTranspose: transposedConvolution,
  MatMul: matrixProduct,
  MatMulInteger: matrixProduct,
  FusedMatMul: matrixProduct,
  QLinearMatMul: matrixProduct,
  DynamicQuantizeMatMul: matrixProduct,
  MatMulIntegerToFloat: matrixProduct,
  MatMulNBits: packedProduct,
  Gemm: gemm,
  FusedGemm: gemm,
  LSTM: recurrence,
  GRU: recurrence,
  RNN: recurrence,
  Einsum: einsum,
};

/** Operators whose multiplications nobody here counts. */
const uncounted = new Set([
  'Attention',
  'MultiHeadAttention',
  'GroupQueryAttention',
  'QAttention',
  'PackedAttention',
  'PackedMultiHeadAttention',
  'DecoderMaskedMultiHeadAttention',
  'QGemm',
  'DynamicQuantizeLSTM',
  'DFT',
  'STFT',
]);

/** Whether a node multiplies in a way that is not counted. */
export const isUncounted = ({ opType }: NodeProto): boolean => uncounted.has(opType);

/**
 * Multiplications with an addition of one node, in one run: 0 for operators that are no sums of products, absent when a
 * shape that it needs is not known. Biases and the gates of a recurrence are left out, as in published figures.
 */
export function macsOf(node: NodeProto, dimsOf: DimsOf): number | undefined {
  const operator = Object.hasOwn(counted, node.opType) ? counted[node.opType] : undefined;
  if (operator === undefined) return 0;
  const output = dimsOf(node.output.find((name) => name !== ''));
  if (output === undefined) return undefined;
  // An Einsum may have one operand, or more than two.
  const used = operator === einsum ? node.input.map((_, index) => index) : operator.inputs;
  if (used.some((index) => dimsOf(node.input[index]) === undefined)) return undefined;
  return operator.count({ node, input: (index) => dimsOf(node.input[index]) ?? [], output });
}

function integerOf(node: NodeProto, name: string): number {
  const value = node.attribute?.find((attribute) => attribute.name === name)?.i;
  return typeof value === 'number' ? value : 0;
}
