import { PerfError } from '../../core/perf-error.js';
import type { ModelProto, NodeProto } from '../../onnx/model-proto.js';
import { float32Tensor, type NamedTensor, tensorDataType } from '../../onnx/tensor.js';
import { createNodeWriter, type NodeWriter } from './node-writer.js';
import { roundToEven } from './quantize-weight.js';
import type { Rewritten } from './rewritten.js';
import { opsetOf, withInitializers } from './standard-graph.js';
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
}

/** The first version of the operators with `QuantizeLinear`, and the first in which it knows channels. */
const [firstOpset, firstWithChannels] = [10, 13];

/** @throws PerfError `model` for operators that are too old to be quantised */
export function checkStaticOpset(model: ModelProto): void {
  const opset = opsetOf(model);
  if (opset >= firstOpset) return;
  throw new PerfError(
    'model',
    `Cannot quantise to int8-static: expected operators of version ${firstOpset} or newer, got ${opset}`,
  );
}

/**
 * Carries out a plan in QDQ form: each quantised value is followed by `QuantizeLinear` and `DequantizeLinear`, weights and
 * biases are stored as integers before a `DequantizeLinear`, and ONNX Runtime fuses these around the nodes between them.
 */
export function int8Static(plan: StaticPlan, { ranges, weightBits }: Int8StaticOptions): Rewritten {
  const { model, layers, values, sameAs, converted, kept } = plan;
  const parameters = new Map<string, Parameters>();
  for (const name of values) {
    const range = ranges.get(sameAs.get(name) ?? name);
    if (range !== undefined) parameters.set(name, parametersOf(range));
  }
  const writer = createNodeWriter(model);
  const inputs = quantizedInputs(writer, parameters, model);
  const storing = { writer, bits: weightBits, hasChannels: opsetOf(model) >= firstWithChannels };
  for (const node of model.graph.node) {
    const [first = ''] = node.input;
    const [layer, scale] = [layers.get(node), parameters.get(first)?.scale];
    const read = node.input.map((name) => inputs.get(name) ?? name);
    const isStored = layer !== undefined && scale !== undefined;
    const input = isStored ? [read[0] ?? first, ...storeWeights(layer, scale, storing)] : read;
    addQuantized({ ...node, input }, writer, parameters);
  }
  const graph = withInitializers({ ...model.graph, node: writer.nodes, valueInfo: [] }, writer.tensors);
  return { model: { ...model, graph }, converted, kept };
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

/** Quantises what callers give; what it is called behind that. */
function quantizedInputs(
  writer: NodeWriter,
  parameters: ReadonlyMap<string, Parameters>,
  { graph }: ModelProto,
): ReadonlyMap<string, string> {
  const inputs = new Map<string, string>();
  for (const { name } of graph.input) {
    const found = parameters.get(name);
    if (found === undefined) continue;
    const quantized = writer.fresh(`${name}.quantized`);
    throughBytes(name, quantized, found, writer);
    inputs.set(name, quantized);
  }
  return inputs;
}

/** Adds a node; what it gives is quantised before others read it, whoever they are. */
function addQuantized(node: NodeProto, writer: NodeWriter, parameters: ReadonlyMap<string, Parameters>): void {
  const raw = new Map<string, string>();
  for (const name of node.output) if (parameters.has(name)) raw.set(name, writer.fresh(`${name}.raw`));
  writer.nodes.push({ ...node, output: node.output.map((name) => raw.get(name) ?? name) });
  for (const [name, from] of raw) {
    const found = parameters.get(name);
    if (found !== undefined) throughBytes(from, name, found, writer);
  }
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
