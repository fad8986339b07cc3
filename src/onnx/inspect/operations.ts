import type { InspectedOperation } from '../../core/inspection.js';
import type { GraphProto, NodeProto, TensorProto } from '../model-proto.js';
import { elementCount } from '../tensor.js';
import { heldTensors, withBodies } from './graph-values.js';
import { type DimsOf, isUncounted, macsOf } from './node-macs.js';

interface Tally {
  nodes: number;
  parameters: number;
  outputElements: number;
  macs: number;
}

/** What the nodes of a graph and of its bodies are, by operator. */
export interface Operations {
  /** Most multiplications first, then most parameters, then by name. */
  readonly operations: readonly InspectedOperation[];
  /** Operators that multiply and are not counted, with the reason. */
  readonly uncounted: readonly string[];
}

/**
 * Adds up the nodes of each operator.
 *
 * @param dimsOf the shapes of a run; absent when there was none: then nothing that depends on shapes is told
 */
export function operationsOf(graph: GraphProto, dimsOf: DimsOf | undefined): Operations {
  const tallies = new Map<string, Tally>();
  const graphs = withBodies(graph);
  const unclaimed = new Map(graphs.flatMap(({ initializer }) => initializer.map((tensor) => [tensor.name, tensor])));
  const tallyOf = (node: NodeProto): Tally => {
    const tally = tallies.get(operationOf(node)) ?? { nodes: 0, parameters: 0, outputElements: 0, macs: 0 };
    tallies.set(operationOf(node), tally);
    return tally;
  };
  for (const node of graphs.flatMap((each) => each.node)) {
    const tally = tallyOf(node);
    tally.nodes++;
    tally.parameters += claimed(node, unclaimed);
  }
  const operations = (): InspectedOperation[] =>
    [...tallies].map(([name, tally]) => toOperation(name, tally, dimsOf !== undefined)).toSorted(byWeight);
  if (dimsOf === undefined) return { operations: operations(), uncounted: [] };
  const uncounted = graph.node.filter((node) => !isAdded(node, tallyOf(node), dimsOf)).map(operationOf);
  const inBodies = graphs.slice(1).flatMap((body) => body.node.filter(multiplies));
  return {
    operations: operations(),
    uncounted: counts([...uncounted, ...inBodies.map((node) => `${operationOf(node)} in a body of If, Loop or Scan`)]),
  };
}

/** Whether a node would count if its shapes were known, or would not even then. */
const multiplies = (node: NodeProto): boolean => isUncounted(node) || macsOf(node, () => undefined) === undefined;

function counts(names: readonly string[]): string[] {
  return [...new Set(names)].map((name) => {
    const nodes = names.filter((each) => each === name).length;
    return `${name} (${nodes} ${nodes === 1 ? 'node' : 'nodes'})`;
  });
}

/** Operators of other domains than ai.onnx have it in front. */
function operationOf({ domain = '', opType }: NodeProto): string {
  return domain === '' || domain === 'ai.onnx' ? opType : `${domain}.${opType}`;
}

/** Elements of the constants that no node before has used. */
function claimed(node: NodeProto, unclaimed: Map<string | undefined, TensorProto>): number {
  const used = node.input.flatMap((name) => {
    const tensor = unclaimed.get(name);
    unclaimed.delete(name);
    return tensor ?? [];
  });
  return [...used, ...heldTensors(node)].reduce((sum, { dims }) => sum + elementCount(dims), 0);
}

/** Adds what a node does in a run; false when its multiplications cannot be counted. */
function isAdded(node: NodeProto, tally: Tally, dimsOf: DimsOf): boolean {
  for (const name of node.output) tally.outputElements += elementCount(dimsOf(name) ?? [0]);
  const macs = isUncounted(node) ? undefined : macsOf(node, dimsOf);
  tally.macs += macs ?? 0;
  return macs !== undefined;
}

function toOperation(operation: string, tally: Tally, hasRun: boolean): InspectedOperation {
  const { nodes, parameters, outputElements, macs } = tally;
  return {
    operation,
    nodes,
    parameters,
    outputElements: hasRun ? outputElements : undefined,
    macs: hasRun ? macs : undefined,
  };
}

const byWeight = (left: InspectedOperation, right: InspectedOperation): number =>
  (right.macs ?? 0) - (left.macs ?? 0) ||
  right.parameters - left.parameters ||
  (left.operation < right.operation ? -1 : 1);
