import { decodeModel } from '../../../onnx/decode-model.js';
import { encodeModel } from '../../../onnx/encode-model.js';
import type { TensorProto, WideInteger } from '../../../onnx/model-proto.js';
import { type Datatype, datatypeFacts } from '../../../protocol/datatype.js';
import { elementCodecs } from '../../../protocol/element-codec.js';
import { elementCount, packBytes } from '../../../protocol/tensor.js';
import type { InitialTensor } from '../backend.js';

/** A model whose optional inputs must be fed, and what to feed when a request leaves them out. */
export interface FedModel {
  readonly model: Uint8Array;
  readonly initial: ReadonlyMap<string, InitialTensor>;
}

/**
 * Makes true inputs of a graph's inputs that have an initializer. ONNX Runtime lets callers override those, but
 * `onnxruntime-node` neither lists them nor takes them; without the initializer they are inputs like any other.
 *
 * @throws Error when one of the names is not such an input, or its elements lie in another file
 */
export function withTrueInputs(bytes: Uint8Array, names: readonly string[]): FedModel {
  const model = decodeModel(bytes);
  const { graph } = model;
  const initial = new Map<string, InitialTensor>();
  for (const name of names) {
    const tensor = graph?.initializer.find((each) => each.name === name);
    if (tensor === undefined || !graph?.input.some((input) => input.name === name)) {
      throw new Error(`input '${name}' cannot be optional: expected an input of the graph with an initializer`);
    }
    initial.set(name, { shape: tensor.dims, data: rawDataOf(tensor) });
  }
  if (graph === undefined) return { model: bytes, initial };
  const initializer = graph.initializer.filter(({ name = '' }) => !initial.has(name));
  return { model: encodeModel({ ...model, graph: { ...graph, initializer } }), initial };
}

/** Where elements lie that are not in raw form; 16-bit floats are there as their bits. */
const storage: Readonly<Record<number, readonly [field: keyof TensorProto, datatype: Exclude<Datatype, 'BYTES'>]>> = {
  1: ['floatData', 'FP32'],
  2: ['int32Data', 'UINT8'],
  3: ['int32Data', 'INT8'],
  4: ['int32Data', 'UINT16'],
  5: ['int32Data', 'INT16'],
  6: ['int32Data', 'INT32'],
  7: ['int64Data', 'INT64'],
  9: ['int32Data', 'BOOL'],
  10: ['int32Data', 'UINT16'],
  11: ['doubleData', 'FP64'],
  12: ['uint64Data', 'UINT32'],
  13: ['uint64Data', 'UINT64'],
  16: ['int32Data', 'UINT16'],
};

/** The elements as the v2 protocol has them, in memory of their own. */
function rawDataOf(tensor: TensorProto): Uint8Array {
  const { name, dataType, rawData, stringData, dims } = tensor;
  if (tensor.dataLocation === 1)
    throw new Error(`input '${name}' cannot be optional: its initializer is in another file`);
  if (rawData !== undefined && rawData.length > 0) return Uint8Array.from(rawData);
  if (stringData !== undefined && stringData.length > 0) return Uint8Array.from(packBytes(stringData));
  const [field, datatype] = storage[dataType] ?? [];
  if (field === undefined || datatype === undefined) {
    throw new Error(`input '${name}' cannot be optional: element type ${dataType} is not supported`);
  }
  return packed(datatype, dims, (tensor[field] ?? []) as readonly (number | WideInteger)[]);
}

function packed(
  datatype: Exclude<Datatype, 'BYTES'>,
  dims: readonly number[],
  elements: readonly (number | WideInteger)[],
): Uint8Array {
  const sizeBytes = datatypeFacts[datatype].sizeBytes ?? 1;
  const data = new Uint8Array(elementCount(dims) * sizeBytes);
  const view = new DataView(data.buffer);
  for (const [index, element] of elements.entries()) {
    elementCodecs[datatype].write(view, index * sizeBytes, typeof element === 'number' ? element : bigintOf(element));
  }
  return data;
}

const bigintOf = ({ low, high }: WideInteger): bigint => (BigInt(high) << 32n) + BigInt(low >>> 0);
