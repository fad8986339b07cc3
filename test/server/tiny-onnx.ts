import { intAttribute } from '../../src/onnx/attribute.js';
import { encodeModel } from '../../src/onnx/encode-model.js';
import type { ValueInfoProto } from '../../src/onnx/model-proto.js';
import type { Datatype } from '../../src/protocol/datatype.js';

/** `TensorProto.DataType` of each v2 type. */
const elementTypes: Readonly<Record<Datatype, number>> = {
  FP32: 1,
  UINT8: 2,
  INT8: 3,
  UINT16: 4,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  BYTES: 8,
  BOOL: 9,
  FP16: 10,
  FP64: 11,
  UINT32: 12,
  UINT64: 13,
  BF16: 16,
};

/** A graph input or output: a text dimension is symbolic. */
export interface TinyValue {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly (number | string)[];
}

export interface TinyGraph {
  readonly inputs: readonly TinyValue[];
  readonly outputs: readonly TinyValue[];
  readonly nodes: readonly {
    readonly op: string;
    readonly inputs: readonly string[];
    readonly outputs: readonly string[];
    readonly attributes?: Readonly<Record<string, number>>;
  }[];
}

/** The bytes of an ONNX model file without weights. */
export function tinyOnnx({ inputs, outputs, nodes }: TinyGraph): Uint8Array {
  return encodeModel({
    irVersion: 8,
    opsetImport: [{ version: 17 }],
    graph: {
      name: 'tiny',
      node: nodes.map(({ op, attributes = {}, ...node }) => ({
        opType: op,
        input: node.inputs,
        output: node.outputs,
        attribute: Object.entries(attributes).map(([name, value]) => intAttribute(name, value)),
      })),
      initializer: [],
      input: inputs.map(toValueInfo),
      output: outputs.map(toValueInfo),
    },
  });
}

const toValueInfo = ({ name, datatype, shape }: TinyValue): ValueInfoProto => {
  const dim = shape.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
  return { name, type: { tensorType: { elemType: elementTypes[datatype], shape: { dim } } } };
};

/** OUTPUT0 = INPUT0 + INPUT1 and OUTPUT1 = INPUT0 - INPUT1, INT32 as Triton's `simple`. */
export function addSubOnnx(shape: readonly (number | string)[] = ['batch', 16]): Uint8Array {
  const value = (name: string): TinyValue => ({ name, datatype: 'INT32', shape });
  return tinyOnnx({
    inputs: [value('INPUT0'), value('INPUT1')],
    outputs: [value('OUTPUT0'), value('OUTPUT1')],
    nodes: [
      { op: 'Add', inputs: ['INPUT0', 'INPUT1'], outputs: ['OUTPUT0'] },
      { op: 'Sub', inputs: ['INPUT0', 'INPUT1'], outputs: ['OUTPUT1'] },
    ],
  });
}

/** OUTPUT0 = INPUT0, of any datatype and shape. */
export function identityOnnx(datatype: Datatype, shape: readonly (number | string)[]): Uint8Array {
  return tinyOnnx({
    inputs: [{ name: 'INPUT0', datatype, shape }],
    outputs: [{ name: 'OUTPUT0', datatype, shape }],
    nodes: [{ op: 'Identity', inputs: ['INPUT0'], outputs: ['OUTPUT0'] }],
  });
}
