import { deriveSeed, seededRandom } from '../../src/core/random.js';
import { floatAttribute, intAttribute } from '../../src/onnx/attribute.js';
import { createGraphBuilder } from '../../src/onnx/graph-builder.js';
import type { ModelProto } from '../../src/onnx/model-proto.js';
import { float32Tensor, tensorDataType } from '../../src/onnx/tensor.js';

const { FLOAT, BOOL } = tensorDataType;

/** Seeded numbers from -1 to 1. */
export function uniformValues(count: number, label: string): Float32Array {
  const random = seededRandom(deriveSeed(1, label));
  return Float32Array.from({ length: count }, () => random() * 2 - 1);
}

/**
 * Two products with constant weights, one without, and an `If` whose branches read a value and a weight of the main graph:
 * `input` [n, 32] gives `output` [n, 24] and `gram` [n, n].
 */
export function smallGraph({ opset = 17 } = {}): ModelProto {
  const graph = createGraphBuilder();
  const matrix = (name: string, rows: number, columns: number) =>
    graph.constant(float32Tensor(name, [rows, columns], uniformValues(rows * columns, name)));
  const input = graph.input({ name: 'input', dataType: FLOAT, dims: ['n', 32] });
  const bias = graph.constant(float32Tensor('bias', [48], uniformValues(48, 'bias')));
  const first = graph.node('Add', 'first', [
    graph.node('MatMul', 'first.product', [input, matrix('w1', 32, 48)]),
    bias,
  ]);
  const relu = graph.node('Relu', 'relu', [first]);
  const scaled = [floatAttribute('alpha', 0.5), intAttribute('transB', 1)];
  const shift = graph.constant(float32Tensor('shift', [24], uniformValues(24, 'shift')));
  const second = graph.node('Gemm', 'second', [relu, matrix('w2', 24, 48), shift], scaled);
  const turned = graph.node('Transpose', 'turned', [second]);
  graph.node('MatMul', 'gram', [second, turned]);
  graph.constant({ name: 'yes', dims: [], dataType: BOOL, rawData: Uint8Array.of(1) });
  const branch = (name: string, opType: string) => ({
    name,
    node: [{ opType, name, input: ['second', 'shift'], output: [name] }],
    initializer: [],
    input: [],
    output: [{ name, type: { tensorType: { elemType: FLOAT } } }],
  });
  graph.node(
    'If',
    'output',
    ['yes'],
    [
      { name: 'then_branch', g: branch('then', 'Add'), type: 5 },
      { name: 'else_branch', g: branch('else', 'Sub'), type: 5 },
    ],
  );
  graph.output({ name: 'output', dataType: FLOAT, dims: ['n', 24] });
  graph.output({ name: 'gram', dataType: FLOAT, dims: ['n', 'n'] });
  return graph.finish({ name: 'small', opset, irVersion: 8 }).model;
}
