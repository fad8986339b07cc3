import type { ModelProto, NodeProto } from '../../onnx/model-proto.js';
import { wholeInFp32 } from './fp32-operators.js';
import { createHalfGraph } from './half-graph.js';
import { isNamed, namedReason } from './named-nodes.js';
import { type Kept, keptNode, type Rewritten } from './rewritten.js';
import { constantsOf, hasSubgraph, readByNode, standardGraph } from './standard-graph.js';
import { floatsOf } from './weight-values.js';
import { beyondFp16 } from './weights-in-fp16.js';

/** What a model computes in FP16. */
export interface Fp16Options {
  /** The names of the values of the main graph that are tensors of FP32, inputs and constants included. */
  readonly floatValues: ReadonlySet<string>;
  /** See `isNamed`. */
  readonly keepInFp32: readonly string[];
}

/**
 * The model with weights and arithmetic in FP16; what goes in and out stays as it is. Nodes that FP16 cannot have stay in FP32
 * behind casts: those named, those of operators without FP16, those with subgraphs, and those that read a constant beyond
 * the numbers of FP16.
 */
export function allInFp16(source: ModelProto, { floatValues, keepInFp32 }: Fp16Options): Rewritten {
  const model = standardGraph(source);
  const large = constantsBeyond(model);
  const half = createHalfGraph(model, floatValues);
  const kept: Kept[] = [];
  let converted = 0;
  for (const node of model.graph.node) {
    if (![...readByNode(node), ...node.output].some((name) => floatValues.has(name))) {
      half.keep(node);
      continue;
    }
    const reason = reasonToKeep(node, keepInFp32, large);
    if (reason === undefined) {
      half.convert(node);
      converted++;
    } else {
      half.keep(node);
      kept.push(keptNode(node, reason));
    }
  }
  return { model: half.finish(), converted, kept };
}

function reasonToKeep(
  node: NodeProto,
  keepInFp32: readonly string[],
  large: ReadonlyMap<string, string>,
): string | undefined {
  if (isNamed(node, keepInFp32)) return namedReason;
  if (hasSubgraph(node)) return 'its subgraph is left alone';
  const reason = wholeInFp32(node);
  if (reason !== undefined) return reason;
  const constant = node.input.find((name) => large.has(name));
  return constant === undefined ? undefined : `of its constant ${constant}: ${large.get(constant)}`;
}

/** Constants that FP16 cannot hold, and why. */
function constantsBeyond({ graph }: ModelProto): Map<string, string> {
  const large = new Map<string, string>();
  for (const [name, tensor] of constantsOf(graph)) {
    const values = floatsOf(tensor);
    const reason = values === undefined ? undefined : beyondFp16(values);
    if (reason !== undefined) large.set(name, reason);
  }
  return large;
}
