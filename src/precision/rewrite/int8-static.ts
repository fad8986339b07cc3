import { PerfError } from '../../core/perf-error.js';
import type { ModelProto, NodeProto } from '../../onnx/model-proto.js';
import { float32Tensor, type NamedTensor, tensorDataType } from '../../onnx/tensor.js';
import { createNodeWriter, type NodeWriter } from './node-writer.js';
import { type QuantizedWeight, roundToEven } from './quantize-weight.js';
import type { Rewritten } from './rewritten.js';
import { opsetOf, withInitializers } from './standard-graph.js';
import type { QuantizedLayer } from './static-layer.js';
import type { StaticPlan } from './static-plan.js';
import { storeWeights } from './store-weights.js';

/** The smallest and the largest number that a value is to hold. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/** How a model is quantised. */
export interface Int8StaticOptions {
  /** Of each value of the plan but those that are like another one. */
  readonly ranges: ReadonlyMap<string, Range>;
  /** See `WeightLayout`. */
  readonly weightBits: 7 | 8;
  /** Weights that were quantised before, with the same ranges and bits; those that are new are added. */
  readonly quantized?: Map<QuantizedLayer, QuantizedWeight>;
}

/** The first version of the operators with `QuantizeLinear`; from version 13 on it knows channels. */
export const firstWithStatic = 10;
const firstWithChannels = 13;

/**
 * Carries out a plan in QDQ form: each quantised value is followed by `QuantizeLinear` and `DequantizeLinear`, weights and
 * biases are stored as integers before a `DequantizeLinear`, and ONNX Runtime fuses these around the nodes between them.
 * Nodes that stay in FP32 read values of such nodes as they are.
 *
 * @throws PerfError `model` for operators that are too old to be quantised
 */
export function int8Static(
  plan: StaticPlan,
  { ranges, weightBits, quantized = new Map() }: Int8StaticOptions,
): Rewritten {
  const { model, layers, values, sameAs, inBytes, madeInBytes, converted, kept } = plan;
  checkOpset(model);
  const parameters = new Map<string, Parameters>();
  for (const name of values) {
    const range = ranges.get(sameAs.get(name) ?? name);
    if (range !== undefined) parameters.set(name, parametersOf(range));
  }
  const writer = createNodeWriter(model);
  const quantizer = createQuantizer(writer, parameters, madeInBytes);
  for (const { name } of model.graph.input) quantizer.given(name);
  const storing = { writer, bits: weightBits, hasChannels: opsetOf(model) >= firstWithChannels, quantized };
  for (const node of model.graph.node) {
    const [first = ''] = node.input;
    const [layer, scale] = [layers.get(node), parameters.get(first)?.scale];
    const read = inBytes.has(node) ? node.input.map(quantizer.nameOf) : node.input;
    const isStored = layer !== undefined && scale !== undefined;
    const input = isStored ? [read[0] ?? first, ...storeWeights(layer, scale, storing)] : read;
    quantizer.add({ ...node, input });
  }
  const graph = withInitializers({ ...model.graph, node: writer.nodes, valueInfo: [] }, writer.tensors);
  return { model: { ...model, graph }, converted, kept };
}

function checkOpset(model: ModelProto): void {
  const opset = opsetOf(model);
  if (opset >= firstWithStatic) return;
  throw new PerfError(
    'model',
    `Cannot quantise to int8-static: expected operators of version ${firstWithStatic} or newer, got ${opset}`,
  );
}

/** A value is about (byte - zeroPoint) * scale. */
interface Parameters {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** Zero must be exact: padding and ReLU make it. */
function parametersOf({ low, high }: Range): Parameters {
  const [from, to] = [Math.min(0, low), Math.max(0, high)];
  const scale = Math.fround((to - from) / 255);
  return scale < 2 ** -126
    ? { scale: 1, zeroPoint: 0 }
    : { scale, zeroPoint: Math.min(255, roundToEven(-from / scale)) };
}

/** Adds the nodes of a plan, and quantises their values. */
interface Quantizer {
  /** Quantises a value that is there, for those who read bytes. */
  given(name: string): void;
  /** Under which name a value is there for those who read bytes. */
  nameOf(name: string): string;
  /** Adds a node. What it makes in bytes is quantised for everybody, anything else for those who read bytes. */
  add(node: NodeProto): void;
}

function createQuantizer(
  writer: NodeWriter,
  parameters: ReadonlyMap<string, Parameters>,
  madeInBytes: ReadonlySet<string>,
): Quantizer {
  const inBytes = new Map<string, string>();
  const quantize = (name: string, from: string, into: string): void => {
    const found = parameters.get(name);
    if (found !== undefined) throughBytes(from, into, found, writer);
  };
  const given = (name: string): void => {
    if (!parameters.has(name)) return;
    const quantized = writer.fresh(`${name}.quantized`);
    inBytes.set(name, quantized);
    quantize(name, name, quantized);
  };
  return {
    given,
    nameOf: (name) => inBytes.get(name) ?? name,
    add: (node) => {
      const made = node.output.filter((name) => madeInBytes.has(name) && parameters.has(name));
      const raw = new Map(made.map((name) => [name, writer.fresh(`${name}.raw`)]));
      writer.nodes.push({ ...node, output: node.output.map((name) => raw.get(name) ?? name) });
      for (const [name, from] of raw) quantize(name, from, name);
      for (const name of node.output) if (!raw.has(name)) given(name);
    },
  };
}

function throughBytes(from: string, into: string, { scale, zeroPoint }: Parameters, writer: NodeWriter): void {
  const { fresh, constant, emit } = writer;
  const scaleName = constant(float32Tensor(fresh(`${into}.scale`), [], Float32Array.of(scale)));
  const zeroName = constant(uint8Scalar(fresh(`${into}.zero_point`), zeroPoint));
  const bytes = fresh(`${into}.uint8`);
  emit('QuantizeLinear', [from, scaleName, zeroName], bytes);
  emit('DequantizeLinear', [bytes, scaleName, zeroName], into);
}

const uint8Scalar = (name: string, value: number): NamedTensor => ({
  name,
  dims: [],
  dataType: tensorDataType.UINT8,
  rawData: Uint8Array.of(value),
});
