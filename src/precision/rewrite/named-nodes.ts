import type { NodeProto } from '../../onnx/model-proto.js';

/** Why a node is kept that the user named. */
export const namedReason = 'it was named to stay in FP32';

/**
 * Whether one of the names is a node's own or that of its operator; one that ends with `*` is the beginning of a node's name.
 */
export function isNamed({ name = '', opType }: NodeProto, names: readonly string[]): boolean {
  return names.some((wanted) =>
    wanted.endsWith('*') ? name.startsWith(wanted.slice(0, -1)) : wanted === opType || (wanted === name && name !== ''),
  );
}
