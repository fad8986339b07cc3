import { PerfError } from '../../core/perf-error.js';
import type { GraphProto, ModelProto, NodeProto } from '../../onnx/model-proto.js';
import { newerForms } from './newer-forms.js';
import { freshNames, isStandard, opsetOf } from './standard-graph.js';

/** The version of the operators that older ones are brought to: the first in which `QuantizeLinear` knows channels. */
const upgradedOpset = 13;

/** Older operators differ in more than what `newerForms` knows: before version 7, attributes say how shapes are brought together. */
const oldestOpset = 7;

/** ONNX, Versioning: version 13 of the operators came with version 7 of the format. */
const formatOfUpgraded = 7;

/**
 * The model in operators of version 13, if they are older; it computes the same. Attributes that became inputs become
 * constants, and operators whose meaning changed are written in others.
 *
 * @throws PerfError `model` for an operator that has no newer form, or a version before 7
 */
export function upgradeOpset(model: ModelProto): ModelProto {
  const opset = opsetOf(model);
  if (opset >= upgradedOpset) return model;
  const refuse = (reason: string): PerfError =>
    new PerfError('model', `Cannot bring the operators of version ${opset} to ${upgradedOpset}: ${reason}`);
  if (opset < oldestOpset) throw refuse(`expected version ${oldestOpset} or newer`);
  const fresh = freshNames(model);
  const upgraded = (node: NodeProto): readonly NodeProto[] => {
    const inner = withGraphs(node, (graph) => ({ ...graph, node: graph.node.flatMap(upgraded) }));
    const form = isStandard(node, node.opType) ? newerForms[node.opType] : undefined;
    if (form === undefined || opset >= form.since) return [inner];
    const made = form.write(inner, fresh);
    if (typeof made === 'string') throw refuse(`expected an operator that can be, got ${node.opType}: ${made}`);
    return made;
  };
  const { graph, opsetImport, irVersion = 0 } = model;
  const isOurs = (domain = ''): boolean => domain === '' || domain === 'ai.onnx';
  return {
    ...model,
    // Before version 4 the format lists weights among the inputs, which `standardGraph` mends by this number.
    irVersion: Number(irVersion) < 4 ? irVersion : Math.max(Number(irVersion), formatOfUpgraded),
    opsetImport: opsetImport.map((each) => (isOurs(each.domain) ? { ...each, version: upgradedOpset } : each)),
    graph: { ...graph, node: graph.node.flatMap(upgraded) },
  };
}

/** The node with another graph in place of each of its own. */
function withGraphs(node: NodeProto, change: (graph: GraphProto) => GraphProto): NodeProto {
  const attribute = (node.attribute ?? []).map((each) => ({
    ...each,
    ...(each.g && { g: change(each.g) }),
    ...(each.graphs?.length && { graphs: each.graphs.map(change) }),
  }));
  return node.attribute === undefined ? node : { ...node, attribute };
}
