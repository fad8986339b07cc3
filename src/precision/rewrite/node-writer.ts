import { intAttribute } from '../../onnx/attribute.js';
import type { ModelProto, NodeProto } from '../../onnx/model-proto.js';
import type { NamedTensor } from '../../onnx/tensor.js';
import { freshNames } from './standard-graph.js';

/** Collects the nodes and the new constants of a graph that is rewritten. */
export interface NodeWriter {
  readonly nodes: NodeProto[];
  readonly tensors: NamedTensor[];
  /** A name that nothing in the model has yet. */
  fresh(wanted: string): string;
  /** Adds a constant; gives its name. */
  constant(tensor: NamedTensor): string;
  /** Adds a node with one output, along an axis if the operator has one. */
  emit(opType: string, input: readonly string[], output: string, axis?: number): void;
}

/** @param model whose names are taken */
export function createNodeWriter(model: ModelProto): NodeWriter {
  const fresh = freshNames(model);
  const nodes: NodeProto[] = [];
  const tensors: NamedTensor[] = [];
  return {
    nodes,
    tensors,
    fresh,
    constant: (tensor) => {
      tensors.push(tensor);
      return tensor.name;
    },
    emit: (opType, input, output, axis) => {
      const attribute = axis === undefined ? [] : [intAttribute('axis', axis)];
      nodes.push({ opType, name: fresh(`${output}.${opType}`), input, output: [output], attribute });
    },
  };
}
