import type { NodeProto } from '../../onnx/model-proto.js';
import type { NamedTensor } from '../../onnx/tensor.js';
import { transpose } from './quantize-weight.js';
import { floatOf, intOf, isStandard } from './standard-graph.js';
import { floatsOf } from './weight-values.js';

/** A value times a constant matrix, plus a value: what `MatMul` and `Gemm` with constant weights compute. */
export interface MatrixProduct {
  readonly kind: 'product';
  readonly input: string;
  readonly weightName: string;
  /** Row-major [rows, columns]: one row for each element of the input. */
  readonly weight: () => Float32Array;
  readonly rows: number;
  readonly columns: number;
  /** Whether the constant itself is [columns, rows]. */
  readonly isTransposed: boolean;
  /** The product is multiplied by this. */
  readonly factor: number;
  readonly bias: string | undefined;
  readonly output: string;
}

/** What a node is for a quantiser. */
export type ProductOrNot =
  | MatrixProduct
  | { readonly kind: 'unsuited'; readonly reason: string }
  | { readonly kind: 'other' };

type Constants = ReadonlyMap<string, NamedTensor>;

/** Reads a node as a product with a constant matrix, or says why a `MatMul` or `Gemm` is none. */
export function matrixProductOf(node: NodeProto, constants: Constants): ProductOrNot {
  const isGemm = isStandard(node, 'Gemm');
  if (!isGemm && !isStandard(node, 'MatMul')) return { kind: 'other' };
  const [input = '', weightName = '', bias = ''] = node.input;
  const reason = unsuited(node, constants);
  if (reason !== undefined) return { kind: 'unsuited', reason };
  const tensor = constants.get(weightName);
  const values = tensor === undefined ? undefined : floatsOf(tensor);
  if (tensor === undefined || values === undefined) return { kind: 'unsuited', reason: 'its weight is not FP32' };
  if (!values.every(Number.isFinite)) return { kind: 'unsuited', reason: 'its weight holds infinities or NaN' };
  const [first = 0, second = 0] = tensor.dims;
  const isTransposed = isGemm && intOf(node, 'transB', 0) !== 0;
  const [rows, columns] = isTransposed ? [second, first] : [first, second];
  return {
    kind: 'product',
    input,
    weightName,
    weight: () => (isTransposed ? transpose(values, columns, rows) : values),
    rows,
    columns,
    isTransposed,
    factor: isGemm ? floatOf(node, 'alpha', 1) : 1,
    bias: bias === '' ? undefined : bias,
    output: node.output[0] ?? '',
  };
}

function unsuited(node: NodeProto, constants: Constants): string | undefined {
  const [input = '', weightName = '', bias = ''] = node.input;
  const weight = constants.get(weightName);
  if (weight === undefined) return 'its second input is not a constant';
  if (constants.has(input)) return 'both of its inputs are constants';
  if (weight.dims.length !== 2) return `its weight has ${weight.dims.length} dimensions, not 2`;
  if (weight.dims.some((dim) => dim === 0)) return 'its weight is empty';
  if (intOf(node, 'transA', 0) !== 0) return 'its first input is transposed';
  const beta = floatOf(node, 'beta', 1);
  return bias !== '' && beta !== 1 ? `it multiplies its bias by ${beta}` : undefined;
}
