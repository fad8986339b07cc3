import { PerfError } from '../../core/perf-error.js';
import { intAttribute } from '../../onnx/attribute.js';
import type { ModelProto, NodeProto } from '../../onnx/model-proto.js';
import { float32Tensor, type NamedTensor, tensorDataType } from '../../onnx/tensor.js';
import { type MatrixProduct, matrixProductOf } from './matrix-product.js';
import { isNamed, namedReason } from './named-nodes.js';
import { quantizeChannels } from './quantize-weight.js';
import { type Kept, keptNode, type Rewritten } from './rewritten.js';
import { constantsOf, freshNames, hasSubgraph, opsetOf, standardGraph, withInitializers } from './standard-graph.js';
import { int8Tensor } from './weight-values.js';

/** The first version of the operators with `DynamicQuantizeLinear`. */
export const firstWithDynamic = 11;

/** How weights are stored. */
export interface Int8DynamicOptions {
  /** See `WeightLayout`. */
  readonly weightBits: 7 | 8;
  /** See `isNamed`. */
  readonly keepInFp32: readonly string[];
}

/**
 * `MatMul` and `Gemm` with constant weights in 8 bits: weights once, a scale for each column; what they are multiplied
 * with in every run, by the range that it has then (`DynamicQuantizeLinear`). ONNX Runtime fuses what this writes.
 *
 * @throws PerfError `model` for operators older than version 11
 */
export function int8Dynamic(source: ModelProto, { weightBits, keepInFp32 }: Int8DynamicOptions): Rewritten {
  const opset = opsetOf(source);
  if (opset < firstWithDynamic) {
    throw new PerfError(
      'model',
      `Cannot quantise to int8-dynamic: expected operators of version ${firstWithDynamic} or newer, got ${opset}`,
    );
  }
  const model = standardGraph(source);
  const writer = createWriter(model, weightBits);
  const kept: Kept[] = [];
  let converted = 0;
  const constants = constantsOf(model.graph);
  for (const node of model.graph.node) {
    const product = matrixProductOf(node, constants);
    const isKept = product.kind === 'product' && isNamed(node, keepInFp32);
    if (isKept) kept.push(keptNode(node, namedReason));
    if (product.kind === 'product' && !isKept) {
      writer.multiply(product);
      converted++;
      continue;
    }
    if (product.kind === 'unsuited') kept.push(keptNode(node, product.reason));
    if (hasSubgraph(node)) kept.push(keptNode(node, 'its subgraph is left alone'));
    writer.nodes.push(node);
  }
  const graph = withInitializers({ ...model.graph, node: writer.nodes }, writer.tensors);
  return { model: { ...model, graph }, converted, kept };
}

interface QuantizedInput {
  readonly value: string;
  readonly scale: string;
  readonly zeroPoint: string;
}

interface Writer {
  readonly nodes: NodeProto[];
  readonly tensors: NamedTensor[];
  multiply(product: MatrixProduct): void;
}

function createWriter(model: ModelProto, bits: 7 | 8): Writer {
  const fresh = freshNames(model);
  const nodes: NodeProto[] = [];
  const tensors: NamedTensor[] = [];
  const inputs = new Map<string, QuantizedInput>();
  const weights = new Map<string, { readonly value: string; readonly scale: string }>();

  const emit = (opType: string, input: readonly string[], output: readonly string[], to?: number): void => {
    const attribute = to === undefined ? [] : [intAttribute('to', to)];
    nodes.push({ opType, name: fresh(`${output[0]}.${opType}`), input, output, attribute });
  };
  /** Several products of one value share its quantised form. */
  const quantized = (name: string): QuantizedInput => {
    const known = inputs.get(name);
    if (known !== undefined) return known;
    const made = {
      value: fresh(`${name}.uint8`),
      scale: fresh(`${name}.scale`),
      zeroPoint: fresh(`${name}.zero_point`),
    };
    emit('DynamicQuantizeLinear', [name], [made.value, made.scale, made.zeroPoint]);
    inputs.set(name, made);
    return made;
  };
  const stored = ({ weightName, weight, rows, columns, isTransposed, factor }: MatrixProduct) => {
    const key = `${weightName} ${isTransposed} ${factor}`;
    const known = weights.get(key);
    if (known !== undefined) return known;
    const { values, scales } = quantizeChannels(weight(), { channels: columns, inner: 1, bits });
    const made = { value: fresh(`${weightName}.int8`), scale: fresh(`${weightName}.scale`) };
    const factored = scales.map((scale) => scale * factor);
    tensors.push(int8Tensor(made.value, [rows, columns], values), float32Tensor(made.scale, [columns], factored));
    weights.set(key, made);
    return made;
  };
  return {
    nodes,
    tensors,
    multiply: (product) => {
      const { input, bias, output } = product;
      const left = quantized(input);
      const right = stored(product);
      const [sum, float, scale] = [fresh(`${output}.int32`), fresh(`${output}.float`), fresh(`${output}.scale`)];
      const scaled = bias === undefined ? output : fresh(`${output}.product`);
      emit('MatMulInteger', [left.value, right.value, left.zeroPoint], [sum]);
      emit('Cast', [sum], [float], tensorDataType.FLOAT);
      emit('Mul', [left.scale, right.scale], [scale]);
      emit('Mul', [float, scale], [scaled]);
      if (bias !== undefined) emit('Add', [scaled, bias], [output]);
    },
  };
}
