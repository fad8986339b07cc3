import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import test from 'ava';
import { floatAttribute, intAttribute, intsAttribute } from '../../src/onnx/attribute.js';
import { encodeModel } from '../../src/onnx/encode-model.js';
import { createGraphBuilder } from '../../src/onnx/graph-builder.js';
import type { ModelProto } from '../../src/onnx/model-proto.js';
import { float32Tensor, int64Tensor, tensorDataType } from '../../src/onnx/tensor.js';
import { allInFp16 } from '../../src/precision/rewrite/all-in-fp16.js';
import { int8Dynamic } from '../../src/precision/rewrite/int8-dynamic.js';
import type { Rewritten } from '../../src/precision/rewrite/rewritten.js';
import { opsetOf, standardGraph } from '../../src/precision/rewrite/standard-graph.js';
import { upgradeOpset } from '../../src/precision/rewrite/upgrade-opset.js';
import { weightsInFp16 } from '../../src/precision/rewrite/weights-in-fp16.js';
import { floatValuesOf } from '../../src/precision/runtime/infer-types.js';
import { openSession } from '../../src/precision/runtime/open-session.js';
import type { SentTensors } from '../../src/precision/runtime/session-messages.js';
import { temporaryDirectory } from '../sample-models/temporary-directory.js';
import { smallGraph, uniformValues } from './small-graph.js';

const packagePath = createRequire(import.meta.url).resolve('onnxruntime-node');
const feeds: SentTensors = { input: { type: 'float32', dims: [3, 32], data: uniformValues(96, 'input') } };

async function answersOf(model: ModelProto, folder: string): Promise<SentTensors> {
  const modelPath = join(folder, 'model.onnx');
  await writeFile(modelPath, encodeModel(model));
  await using session = await openSession({ packagePath, modelPath, threads: 1, level: 'all' });
  await session.feed(feeds);
  return await session.run();
}

/** Root mean square of the difference over that of what was expected, over all outputs. */
function relativeRmse(expected: SentTensors, got: SentTensors): number {
  let difference = 0;
  let size = 0;
  for (const [name, { data }] of Object.entries(expected)) {
    const other = got[name]?.data as Float32Array;
    (data as Float32Array).forEach((value, index) => {
      difference += (value - (other[index] ?? Number.NaN)) ** 2;
      size += value ** 2;
    });
  }
  return Math.sqrt(difference / size);
}

const source = smallGraph();
const weights = ['w1', 'bias', 'w2', 'shift'];
const floatValues = new Set([
  'input',
  'output',
  'gram',
  'first.product',
  'first',
  'relu',
  'second',
  'turned',
  ...weights,
]);

interface Case {
  readonly make: (model: ModelProto) => Rewritten;
  readonly limit: number;
  readonly converted: number;
  readonly kept: readonly string[];
}

const cases: Readonly<Record<string, Case>> = {
  weightsInFp16: { make: weightsInFp16, limit: 1e-3, converted: 2, kept: ['If'] },
  allInFp16: {
    make: (model) => allInFp16(model, { floatValues, keepInFp32: ['Transpose', 'gra*'] }),
    limit: 2e-3,
    converted: 4,
    kept: ['Transpose', 'MatMul', 'If'],
  },
  'int8Dynamic with 8 bits': {
    make: (model) => int8Dynamic(model, { weightBits: 8, keepInFp32: [] }),
    limit: 0.02,
    converted: 2,
    kept: ['MatMul', 'If'],
  },
  'int8Dynamic with 7 bits': {
    make: (model) => int8Dynamic(model, { weightBits: 7, keepInFp32: [] }),
    limit: 0.03,
    converted: 2,
    kept: ['MatMul', 'If'],
  },
};

test('rewrites answer as the original within what their numbers can hold, and list what they keep', async (t) => {
  const folder = await temporaryDirectory(t);
  const expected = await answersOf(source, folder);
  for (const [name, { make, limit, converted, kept }] of Object.entries(cases)) {
    const before = encodeModel(source);
    const rewritten = make(source);
    t.deepEqual(encodeModel(source), before, `${name} changes its source`);
    t.deepEqual(encodeModel(make(source).model), encodeModel(rewritten.model), `${name} is not deterministic`);
    t.is(rewritten.converted, converted, name);
    t.deepEqual(
      rewritten.kept.map(({ opType }) => opType),
      kept,
      name,
    );
    const error = relativeRmse(expected, await answersOf(rewritten.model, folder));
    t.true(error > 0 && error < limit, `${name}: ${error}`);
  }
});

test('floatValuesOf asks ONNX Runtime for the types of inner values', async (t) => {
  t.deepEqual([...(await floatValuesOf(source, packagePath))].sort(), [...floatValues].sort());
});

test('int8Dynamic refuses operators without DynamicQuantizeLinear', (t) => {
  t.throws(() => int8Dynamic(smallGraph({ opset: 10 }), { weightBits: 8, keepInFp32: [] }), {
    message: 'Cannot quantise to int8-dynamic: expected operators of version 11 or newer, got 10',
  });
});

const changed = (model: ModelProto, name: string, values: Float32Array): ModelProto => ({
  ...model,
  graph: {
    ...model.graph,
    initializer: model.graph.initializer.map((tensor) =>
      tensor.name === name ? float32Tensor(name, tensor.dims, values) : tensor,
    ),
  },
});

test('a weight beyond FP16 stays in FP32, and so do the nodes that read it', (t) => {
  const large = changed(source, 'w1', new Float32Array(32 * 48).fill(65_520));
  t.is(weightsInFp16(large).kept[0]?.reason, 'it holds numbers beyond 65504, the largest of FP16');
  const { kept } = allInFp16(large, { floatValues, keepInFp32: [] });
  t.deepEqual(kept[0], {
    name: 'first.product',
    opType: 'MatMul',
    reason: 'of its constant w1: it holds numbers beyond 65504, the largest of FP16',
  });
});

test('a weight with infinities is not quantised', (t) => {
  const infinite = changed(source, 'w1', new Float32Array(32 * 48).fill(Number.POSITIVE_INFINITY));
  const { converted, kept } = int8Dynamic(infinite, { weightBits: 8, keepInFp32: [] });
  t.is(converted, 1);
  t.is(kept[0]?.reason, 'w1 holds infinities or NaN');
});

test('a weight that callers may replace is left alone', (t) => {
  const { graph } = source;
  const type = { tensorType: { elemType: 1 } };
  const open = { ...source, graph: { ...graph, input: [...graph.input, { name: 'w1', type }] } };
  t.is(weightsInFp16(open).kept[0]?.reason, 'callers may replace it: it is an input too');
  t.is(int8Dynamic(open, { weightBits: 8, keepInFp32: [] }).kept[0]?.reason, 'its second input is not a constant');
  const old = standardGraph({ ...open, irVersion: 3 });
  t.deepEqual(
    old.graph.input.map(({ name }) => name),
    ['input'],
    'version 3 of the format lists every weight',
  );
  t.is(old.irVersion, 4);
});

test('int8Dynamic keeps what is named', (t) => {
  const { converted, kept } = int8Dynamic(source, { weightBits: 8, keepInFp32: ['first*'] });
  t.is(converted, 1);
  t.deepEqual(kept[0], { name: 'first.product', opType: 'MatMul', reason: 'it was named to stay in FP32' });
});

test('standardGraph makes weights of constant nodes', (t) => {
  const { graph } = source;
  const value = graph.initializer.find(({ name }) => name === 'w1');
  const constant = {
    opType: 'Constant',
    input: [],
    output: ['w1'],
    attribute: [{ name: 'value', type: 4, ...(value && { t: value }) }],
  };
  const initializer = graph.initializer.filter(({ name }) => name !== 'w1');
  const model = { ...source, graph: { ...graph, node: [constant, ...graph.node], initializer } };
  t.is(int8Dynamic(model, { weightBits: 8, keepInFp32: [] }).converted, 2);
});

/** One of each operator that was written otherwise, in operators of version 9: `input` [n, 32] gives three outputs. */
function oldGraph(): ModelProto {
  const graph = createGraphBuilder();
  const ints = (name: string, ...values: readonly number[]) => intsAttribute(name, values);
  const input = graph.input({ name: 'input', dataType: tensorDataType.FLOAT, dims: ['n', 32] });
  const clipped = graph.node('Clip', 'clipped', [input], [floatAttribute('min', -0.5), floatAttribute('max', 0.7)]);
  const dropped = graph.node('Dropout', 'dropped', [clipped], [floatAttribute('ratio', 0.3)]);
  const sliced = graph.node('Slice', 'sliced', [dropped], [ints('starts', 4), ints('ends', 30), ints('axes', 1)]);
  const padded = graph.node('Pad', 'padded', [sliced], [ints('pads', 0, 1, 0, 3), floatAttribute('value', 0.25)]);
  const wide = graph.node('Unsqueeze', 'wide', [padded], [ints('axes', 1)]);
  const soft = graph.node('Softmax', 'soft', [graph.node('Concat', 'two', [wide, wide], [intAttribute('axis', 1)])]);
  const left = graph.node('Split', 'left', [soft], [intAttribute('axis', 1), ints('split', 1, 1)]);
  graph.node('Squeeze', 'squeezed', [left], [ints('axes', 1)]);
  graph.node('ReduceSum', 'summed', [padded], [ints('axes', 1), intAttribute('keepdims', 0)]);
  graph.node('TopK', 'best', [padded], [intAttribute('k', 3)]);
  const outputs = { squeezed: ['n', 30], summed: ['n'], best: ['n', 3] };
  for (const [name, dims] of Object.entries(outputs)) graph.output({ name, dataType: tensorDataType.FLOAT, dims });
  const { model } = graph.finish({ name: 'old', opset: 9, irVersion: 6 });
  const more: Readonly<Record<string, readonly string[]>> = { Split: ['right'], TopK: ['places'] };
  const node = model.graph.node.map((each) => ({ ...each, output: [...each.output, ...(more[each.opType] ?? [])] }));
  return { ...model, graph: { ...model.graph, node } };
}

test('upgradeOpset says the same in newer operators, and refuses what has no newer form', async (t) => {
  const folder = await temporaryDirectory(t);
  const source = oldGraph();
  const upgraded = upgradeOpset(source);
  t.is(opsetOf(upgraded), 13);
  t.is(upgraded.irVersion, 7);
  t.deepEqual(await answersOf(upgraded, folder), await answersOf(source, folder));
  const { graph } = source;
  const node = [{ opType: 'Upsample', input: ['input'], output: ['larger'] }, ...graph.node];
  t.throws(() => upgradeOpset({ ...source, graph: { ...graph, node } }), {
    message:
      'Cannot bring the operators of version 9 to 13: expected an operator that can be, got Upsample: it is no more',
  });
  t.is(upgradeOpset(smallGraph()).opsetImport[0]?.version, 17);
});

test('upgradeOpset takes batch normalisations of version 7, if they have parameters for channels', async (t) => {
  const folder = await temporaryDirectory(t);
  const graph = createGraphBuilder();
  const input = graph.input({ name: 'input', dataType: tensorDataType.FLOAT, dims: ['n', 32] });
  const values = ['scale', 'shift', 'mean', 'variance'].map((name) =>
    graph.constant(float32Tensor(name, [32], uniformValues(32, name).map(Math.abs))),
  );
  graph.node('BatchNormalization', 'output', [input, ...values], [intAttribute('spatial', 1)]);
  graph.output({ name: 'output', dataType: tensorDataType.FLOAT, dims: ['n', 32] });
  const { model } = graph.finish({ name: 'old', opset: 7, irVersion: 5 });
  t.deepEqual(await answersOf(upgradeOpset(model), folder), await answersOf(model, folder));
  const node = model.graph.node.map((each) => ({ ...each, attribute: [intAttribute('spatial', 0)] }));
  t.throws(() => upgradeOpset({ ...model, graph: { ...model.graph, node } }), {
    message: /got BatchNormalization: its parameters are not those of channels$/,
  });
  t.throws(() => upgradeOpset({ ...model, opsetImport: [{ version: 6 }] }), {
    message: /expected version 7 or newer$/,
  });
});

/** A product, and a `Loop` whose body multiplies what it carries by the same weight and adds the product: `input` [n, 32] gives `output`. */
function loopGraph(): ModelProto {
  const { FLOAT, INT64, BOOL } = tensorDataType;
  const graph = createGraphBuilder();
  const input = graph.input({ name: 'input', dataType: FLOAT, dims: ['n', 32] });
  const small = uniformValues(32 * 32, 'weight').map((value) => value / 6);
  const weight = graph.constant(float32Tensor('weight', [32, 32], small));
  const product = graph.node('MatMul', 'product', [input, weight]);
  const times = graph.constant(int64Tensor('times', [], [3]));
  const yes = graph.constant({ name: 'yes', dims: [], dataType: BOOL, rawData: Uint8Array.of(1) });
  const value = (name: string, elemType: number, ...dims: readonly string[]) => ({
    name,
    type: { tensorType: { elemType, shape: { dim: dims.map((dimParam) => ({ dimParam })) } } },
  });
  const body = {
    name: 'body',
    node: [
      { opType: 'MatMul', input: ['carried', weight], output: ['turned'] },
      { opType: 'Add', input: ['turned', product], output: ['next'] },
      { opType: 'Identity', input: ['goes'], output: ['on'] },
    ],
    initializer: [],
    input: [value('index', INT64), value('goes', BOOL), value('carried', FLOAT, 'n', 'width')],
    output: [value('on', BOOL), value('next', FLOAT, 'n', 'width')],
  };
  graph.node('Loop', 'output', [times, yes, product], [{ name: 'body', g: body, type: 5 }]);
  graph.output({ name: 'output', dataType: FLOAT, dims: ['n', 32] });
  return graph.finish({ name: 'loop', opset: 17, irVersion: 8 }).model;
}

test('the body of a Loop finds the weights and values of the main graph, whatever became of these', async (t) => {
  const folder = await temporaryDirectory(t);
  const model = loopGraph();
  const expected = await answersOf(model, folder);
  const values = await floatValuesOf(model, packagePath);
  const made: Readonly<Record<string, Rewritten>> = {
    weightsInFp16: weightsInFp16(model),
    allInFp16: allInFp16(model, { floatValues: values, keepInFp32: [] }),
    int8Dynamic: int8Dynamic(model, { weightBits: 8, keepInFp32: [] }),
  };
  for (const [name, { model: rewritten, converted, kept }] of Object.entries(made)) {
    t.is(converted, 1, name);
    t.regex(
      kept.map(({ opType, reason }) => `${opType}: ${reason}`).join(),
      /^Loop: .*its subgraph (is|are) left alone$/,
      name,
    );
    const error = relativeRmse(expected, await answersOf(rewritten, folder));
    t.true(error > 0 && error < 0.02, `${name}: ${error}`);
  }
});
