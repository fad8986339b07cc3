import type { ModelProto, NodeProto } from '../../onnx/model-proto.js';

/** A node or weight that a rewrite left as it was. */
export interface Kept {
  /** Of the node, or of its first output when it has none; or of the weight. */
  readonly name: string;
  /** `Weight` for a constant. */
  readonly opType: string;
  readonly reason: string;
}

/** A model in another precision, and what was left out. */
export interface Rewritten {
  readonly model: ModelProto;
  /** Nodes, or weights where only those change. */
  readonly converted: number;
  readonly kept: readonly Kept[];
  /** What else one should know of it, in sentences. */
  readonly remarks?: readonly string[];
}

/** How a node that stays is listed. */
export const keptNode = (node: NodeProto, reason: string): Kept => ({
  name: node.name || (node.output.find((name) => name !== '') ?? ''),
  opType: node.opType,
  reason,
});
