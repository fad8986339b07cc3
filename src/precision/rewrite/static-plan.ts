import type { ModelProto, NodeProto } from '../../onnx/model-proto.js';
import type { NamedTensor } from '../../onnx/tensor.js';
import { foldBatchNorm } from './fold-batch-norm.js';
import { isNamed, namedReason } from './named-nodes.js';
import { type Kept, keptNode } from './rewritten.js';
import { constantsOf, hasSubgraph, isStandard, readByNode, standardGraph } from './standard-graph.js';
import { type QuantizedLayer, type StaticLayer, staticLayerOf } from './static-layer.js';

/** Which nodes of a model compute in 8 bits, and which values are therefore quantised. */
export interface StaticPlan {
  /** The model with batch normalisations folded. */
  readonly model: ModelProto;
  /** Nodes with weights. */
  readonly layers: ReadonlyMap<NodeProto, QuantizedLayer>;
  /** Values that are quantised after they are made. */
  readonly values: ReadonlySet<string>;
  /** Values that have the scale and zero point of another one: those that only move elements. */
  readonly sameAs: ReadonlyMap<string, string>;
  /** Nodes that read bytes. */
  readonly inBytes: ReadonlySet<NodeProto>;
  /** Of the values, those that are bytes when they are made; the others are quantised for whoever reads bytes. */
  readonly madeInBytes: ReadonlySet<string>;
  /** Nodes that compute in 8 bits. */
  readonly converted: number;
  readonly kept: readonly Kept[];
}

interface KeepInFp32 {
  readonly keepInFp32?: readonly string[];
  readonly sensitive?: ReadonlySet<string>;
}

/** Why a layer is kept without which the variant would not pass. */
const sensitiveReason = 'accuracy needs it in FP32';

/** Operators that only move or choose elements. */
const movers: ReadonlySet<string> = new Set(['Flatten', 'MaxPool', 'Reshape', 'Squeeze', 'Transpose', 'Unsqueeze']);
/** Operators without weights that have a form in 8 bits. */
const pools: ReadonlySet<string> = new Set(['AveragePool', 'GlobalAveragePool']);

/** What is known of a model whatever is planned. */
interface Facts {
  /** Of every node. */
  readonly known: ReadonlyMap<NodeProto, StaticLayer>;
  readonly constants: ReadonlyMap<string, NamedTensor>;
  readonly readers: ReadonlyMap<string, readonly NodeProto[]>;
  readonly outputs: ReadonlySet<string>;
}

/** What a plan is made of while the nodes are walked. */
interface Draft extends Facts {
  readonly layers: Map<NodeProto, QuantizedLayer>;
  readonly values: Set<string>;
  readonly sameAs: Map<string, string>;
  readonly inBytes: Set<NodeProto>;
  readonly madeInBytes: Set<string>;
  readonly kept: Kept[];
  converted: number;
}

/**
 * Plans which nodes compute in 8 bits: `Conv`, `Gemm` and `MatMul` with constant weights, `Add` of two values that are
 * quantised anyway, and what only moves elements between them.
 *
 * @param keep what stays in FP32: nodes by name (see `isNamed`), and layers by the values that they give
 */
export function planStatic(source: ModelProto, keep: KeepInFp32 = {}): StaticPlan {
  return createPlanner(source)(keep);
}

/** As `planStatic`, for several plans of one model: layers and their weights are the same objects in all of them. */
export function createPlanner(source: ModelProto): (keep: KeepInFp32) => StaticPlan {
  const model = foldBatchNorm(standardGraph(source));
  const { graph } = model;
  const readers = new Map<string, NodeProto[]>();
  for (const node of graph.node) {
    for (const name of new Set(readByNode(node))) readers.set(name, [...(readers.get(name) ?? []), node]);
  }
  const constants = constantsOf(graph);
  const known = new Map(graph.node.map((node) => [node, staticLayerOf(node, constants)]));
  const facts = { known, constants, readers, outputs: new Set(graph.output.map(({ name }) => name)) };
  return (keep) => planOf(model, facts, keep);
}

function planOf(model: ModelProto, facts: Facts, { keepInFp32 = [], sensitive }: KeepInFp32): StaticPlan {
  const draft: Draft = {
    ...facts,
    layers: new Map(),
    values: new Set(),
    sameAs: new Map(),
    inBytes: new Set(),
    madeInBytes: new Set(),
    kept: [],
    converted: 0,
  };
  for (const node of model.graph.node) {
    if (isNamed(node, keepInFp32)) draft.kept.push(keptNode(node, namedReason));
    else if (sensitive?.has(node.output[0] ?? '')) draft.kept.push(keptNode(node, sensitiveReason));
    else planNode(node, draft);
  }
  return { model, ...draft };
}

function planNode(node: NodeProto, draft: Draft): void {
  const { known, kept } = draft;
  const layer = known.get(node);
  if (hasSubgraph(node)) kept.push(keptNode(node, 'its subgraph is left alone'));
  if (layer?.kind === 'unsuited') kept.push(keptNode(node, layer.reason));
  else if (layer?.kind === 'layer') planLayer(node, layer, draft);
  else if (isStandard(node, 'Add')) planAdd(node, draft);
  else if (isStandard(node, node.opType)) planBetween(node, draft);
}

function planLayer(node: NodeProto, layer: QuantizedLayer, draft: Draft): void {
  const { layers, values, inBytes } = draft;
  layers.set(node, layer);
  inBytes.add(node);
  draft.converted++;
  values.add(node.input[0] ?? '');
  const given = settled(node.output[0] ?? '', draft);
  if (layer.mustGiveBytes || isReadInBytes(given, draft)) giveBytes(given, draft);
}

function giveBytes(value: string, { values, madeInBytes }: Draft): void {
  values.add(value);
  madeInBytes.add(value);
}

/** What lies between two nodes in 8 bits stays in 8 bits. */
function planBetween(node: NodeProto, draft: Draft): void {
  const { opType, input, output } = node;
  const { values, sameAs, inBytes } = draft;
  const [from = '', into = ''] = [input[0], output[0]];
  const isMover = movers.has(opType);
  if (!(isMover || pools.has(opType)) || !values.has(from) || !isReadInBytes(into, draft)) return;
  inBytes.add(node);
  giveBytes(into, draft);
  if (isMover) sameAs.set(into, sameAs.get(from) ?? from);
}

function planAdd(node: NodeProto, draft: Draft): void {
  const { values, kept, constants, inBytes } = draft;
  if (!node.input.every((name) => values.has(name))) {
    const isConstant = node.input.some((name) => constants.has(name));
    kept.push(keptNode(node, isConstant ? 'it adds a constant' : 'what it adds is not quantised'));
    return;
  }
  draft.converted++;
  inBytes.add(node);
  giveBytes(settled(node.output[0] ?? '', draft), draft);
}

/** The value behind a `Relu` or `Clip` that alone reads this one: a quantised range does their work. */
function settled(value: string, { readers, outputs }: Draft): string {
  const [reader, ...others] = readers.get(value) ?? [];
  if (reader === undefined || others.length > 0 || outputs.has(value)) return value;
  if (!isStandard(reader, 'Relu') && !isStandard(reader, 'Clip')) return value;
  return reader.output[0] ?? value;
}

/** Whether some node that reads a value may compute in 8 bits. */
function isReadInBytes(value: string, { known, readers, constants }: Draft): boolean {
  return (readers.get(value) ?? []).some(
    (node) =>
      isStandard(node, node.opType) &&
      (known.get(node)?.kind === 'layer' ||
        movers.has(node.opType) ||
        pools.has(node.opType) ||
        (node.opType === 'Add' && !node.input.some((name) => constants.has(name)))),
  );
}
