import { attributeType } from '../../onnx/attribute.js';
import type { AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto } from '../../onnx/model-proto.js';
import type { NamedTensor } from '../../onnx/tensor.js';

/**
 * The model with the constants of its main graph in one place: `Constant` nodes become initializers, and files before
 * version 4 of the format, which list each initializer among the inputs too, no longer do. It computes the same.
 */
export function standardGraph(model: ModelProto): ModelProto {
  const { graph } = model;
  const hoisted = new Map<NodeProto, NamedTensor>();
  const outputs = new Set(graph.output.map(({ name }) => name));
  for (const node of graph.node) {
    const [name = ''] = node.output;
    const value = isStandard(node, 'Constant') ? attributeOf(node, 'value')?.t : undefined;
    if (value !== undefined && !outputs.has(name)) hoisted.set(node, { ...value, name });
  }
  const initializer = [...graph.initializer, ...hoisted.values()];
  const names = new Set(initializer.map(({ name }) => name));
  const isOld = (model.irVersion ?? 0) < 4;
  return {
    ...model,
    ...(isOld && { irVersion: 4 }),
    graph: {
      ...graph,
      node: graph.node.filter((node) => !hoisted.has(node)),
      initializer,
      input: isOld ? graph.input.filter(({ name }) => !names.has(name)) : graph.input,
    },
  };
}

/** The initializers that a caller cannot replace, by name. */
export function constantsOf({ initializer, input }: GraphProto): ReadonlyMap<string, NamedTensor> {
  const replaceable = new Set(input.map(({ name }) => name));
  const fixed = initializer.filter((tensor): tensor is NamedTensor => !replaceable.has(tensor.name ?? ''));
  return new Map(fixed.map((tensor) => [tensor.name, tensor]));
}

/** Whether a node is that operator of ai.onnx. */
export const isStandard = ({ domain, opType }: NodeProto, wanted: string): boolean =>
  opType === wanted && (domain === undefined || domain === '' || domain === 'ai.onnx');

/** The attribute of that name; absent when the node leaves it out. */
export const attributeOf = (node: NodeProto, name: string): AttributeProto | undefined =>
  node.attribute?.find((attribute) => attribute.name === name);

/** An integer attribute, or what the specification says when it is left out. */
export function intOf(node: NodeProto, name: string, otherwise: number): number {
  const attribute = attributeOf(node, name);
  if (attribute === undefined) return otherwise;
  const { i = 0 } = attribute;
  return typeof i === 'number' ? i : otherwise;
}

/** As `intOf`, for a 32-bit float. */
export function floatOf(node: NodeProto, name: string, otherwise: number): number {
  const attribute = attributeOf(node, name);
  return attribute === undefined ? otherwise : (attribute.f ?? 0);
}

/** Whether a node has a graph of its own: `If`, `Loop`, `Scan`. */
export const hasSubgraph = (node: NodeProto): boolean => subgraphsOf(node).length > 0;

/** The graphs of a node. */
const subgraphsOf = (node: NodeProto): readonly GraphProto[] =>
  (node.attribute ?? []).flatMap(({ g, graphs = [] }) => (g === undefined ? graphs : [g, ...graphs]));

/** The version of the operators of ai.onnx; 0 when the model names none. */
export const opsetOf = ({ opsetImport }: ModelProto): number =>
  opsetImport.find(({ domain = '' }) => domain === '' || domain === 'ai.onnx')?.version ?? 0;

/** Every value that a graph, or a graph of one of its nodes, reads. */
function readValues(graph: GraphProto): Set<string> {
  const values = new Set(graph.output.map(({ name }) => name));
  for (const node of graph.node) for (const name of readByNode(node)) values.add(name);
  return values;
}

/** The graph with these initializers besides its own, and without those that nothing reads. */
export function withInitializers(graph: GraphProto, added: readonly TensorProto[]): GraphProto {
  const read = readValues(graph);
  const inputs = new Set(graph.input.map(({ name }) => name));
  const own = graph.initializer.filter(({ name = '' }) => read.has(name) || inputs.has(name));
  return { ...graph, initializer: [...own, ...added] };
}

/** Every value that a node reads, also from inside its graphs. */
export const readByNode = (node: NodeProto): readonly string[] => [
  ...node.input,
  ...subgraphsOf(node).flatMap((graph) => [...readValues(graph)]),
];

/** Gives names that nothing in the model has yet. */
export function freshNames(model: ModelProto): (wanted: string) => string {
  const taken = namesIn(model.graph);
  return (wanted) => {
    let name = wanted;
    for (let count = 2; taken.has(name); count++) name = `${wanted}.${count}`;
    taken.add(name);
    return name;
  };
}

function namesIn({ node, initializer, input, output }: GraphProto): Set<string> {
  const names = new Set([...initializer, ...input, ...output].map(({ name = '' }) => name));
  for (const each of node) {
    for (const name of [...each.input, ...each.output, each.name ?? '']) names.add(name);
    for (const graph of subgraphsOf(each)) for (const name of namesIn(graph)) names.add(name);
  }
  return names;
}

/** The model with another tensor in place of each, in all graphs and attributes. */
export function mapTensors(model: ModelProto, change: (tensor: TensorProto) => TensorProto): ModelProto {
  const ofAttribute = (attribute: AttributeProto): AttributeProto => {
    if (attribute.type === attributeType.TENSOR && attribute.t) return { ...attribute, t: change(attribute.t) };
    if (attribute.g !== undefined) return { ...attribute, g: ofGraph(attribute.g) };
    if (attribute.graphs?.length) return { ...attribute, graphs: attribute.graphs.map(ofGraph) };
    return attribute;
  };
  const ofGraph = (graph: GraphProto): GraphProto => ({
    ...graph,
    initializer: graph.initializer.map(change),
    node: graph.node.map((node) => (node.attribute ? { ...node, attribute: node.attribute.map(ofAttribute) } : node)),
  });
  return { ...model, graph: ofGraph(model.graph) };
}
