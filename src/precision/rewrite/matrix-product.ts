import type { NodeProto } from '../../onnx/model-proto.js';
import { transpose } from './quantize-weight.js';
import { floatOf, intOf, isStandard } from './standard-graph.js';
import { type Constants, type NoLayer, unsuited, weightOf } from './weight-input.js';
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

/** Reads a node as a product with a constant matrix, or says why a `MatMul` or `Gemm` is none. */
export function matrixProductOf(node: NodeProto, constants: Constants): MatrixProduct | NoLayer {
  const isGemm = isStandard(node, 'Gemm');
  if (!isGemm && !isStandard(node, 'MatMul')) return { kind: 'other' };
  const [input = '', weightName = '', bias = ''] = node.input;
  const tensor = weightOf(node, constants);
  if (typeof tensor === 'string') return unsuited(tensor);
  const beta = floatOf(node, 'beta', 1);
  if (bias !== '' && beta !== 1) return unsuited(`it multiplies its bias by ${beta}`);
  const values = floatsOf(tensor) ?? new Float32Array(0);
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
