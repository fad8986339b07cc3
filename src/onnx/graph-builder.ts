import type { DeferredTensor, ModelDraft } from './encode-model.js';
import type { AttributeProto, NodeProto, TensorProto, ValueInfoProto } from './model-proto.js';
import type { NamedTensor } from './tensor.js';

/** The name of a value: what a node takes and gives. */
export type ValueName = string;

/** The type of a graph input or output; a dimension is a number or, when it varies, a name. */
interface ValueType {
  readonly name: ValueName;
  /** See `tensorDataType`. */
  readonly dataType: number;
  readonly dims: readonly (number | string)[];
}

/** What makes a model of a graph. */
interface ModelOptions {
  readonly name: string;
  /** Version of the ai.onnx operators. */
  readonly opset: number;
  /** Version of the file format; it must know the operators' version. */
  readonly irVersion: number;
}

/** Collects a graph in topological order. */
export interface GraphBuilder {
  readonly input: (type: ValueType) => ValueName;
  readonly output: (type: ValueType) => void;
  readonly constant: (tensor: NamedTensor) => ValueName;
  readonly deferred: (tensor: DeferredTensor) => ValueName;
  /** Adds an operator with one output; `name` names both. */
  readonly node: (
    opType: string,
    name: ValueName,
    inputs: readonly ValueName[],
    attributes?: readonly AttributeProto[],
  ) => ValueName;
  readonly finish: (options: ModelOptions) => ModelDraft;
}

/** An empty graph to fill. */
export function createGraphBuilder(): GraphBuilder {
  const nodes: NodeProto[] = [];
  const initializers: TensorProto[] = [];
  const deferred: DeferredTensor[] = [];
  const inputs: ValueInfoProto[] = [];
  const outputs: ValueInfoProto[] = [];
  return {
    input: (type) => {
      inputs.push(valueInfo(type));
      return type.name;
    },
    output: (type) => {
      outputs.push(valueInfo(type));
    },
    constant: (tensor) => {
      initializers.push(tensor);
      return tensor.name;
    },
    deferred: (tensor) => {
      deferred.push(tensor);
      return tensor.name;
    },
    node: (opType, name, input, attribute = []) => {
      nodes.push({ opType, name, input, output: [name], attribute });
      return name;
    },
    finish: ({ name, opset, irVersion }) => ({
      model: {
        irVersion,
        producerName: 'perf-analyze',
        graph: { name, node: nodes, initializer: initializers, input: inputs, output: outputs },
        opsetImport: [{ domain: '', version: opset }],
      },
      deferred,
    }),
  };
}

function valueInfo({ name, dataType, dims }: ValueType): ValueInfoProto {
  const dim = dims.map((each) => (typeof each === 'number' ? { dimValue: each } : { dimParam: each }));
  return { name, type: { tensorType: { elemType: dataType, shape: { dim } } } };
}
