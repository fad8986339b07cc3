import { attributeType, intAttribute } from '../../onnx/attribute.js';
import type { AttributeProto, NodeProto } from '../../onnx/model-proto.js';
import { bytesOf, float32Tensor, type NamedTensor, tensorDataType } from '../../onnx/tensor.js';
import { attributeOf, floatOf, intOf } from './standard-graph.js';

/** How a node of older operators is written in those of version 13. */
interface NewerForm {
  /** The version that brought the form: nodes of it and of later ones stay as they are. */
  readonly since: number;
  /** The nodes in its place, or why there are none. */
  readonly write: (node: NodeProto, fresh: Fresh) => readonly NodeProto[] | string;
}

/** Gives names that nothing in the model has yet. */
type Fresh = (wanted: string) => string;

/**
 * Operators of ai.onnx whose versions 8 to 13 differ from version 7 in more than types (ONNX, Operator change log).
 * Others mean the same.
 */
export const newerForms: Readonly<Record<string, NewerForm>> = {
  BatchNormalization: { since: 9, write: batchNorm },
  Clip: { since: 11, write: clip },
  Dropout: { since: 12, write: dropout },
  Hardmax: { since: 13, write: alongOneAxis },
  LogSoftmax: { since: 13, write: alongOneAxis },
  Pad: { since: 11, write: pad },
  ReduceSum: { since: 13, write: (node, fresh) => withInputs(node, ['axes'], fresh) },
  Resize: { since: 11, write: () => 'it rounds in another way' },
  Scan: { since: 9, write: () => 'its sequences have lengths' },
  Scatter: { since: 11, write: (node) => [{ ...node, opType: 'ScatterElements' }] },
  Slice: { since: 10, write: (node, fresh) => withInputs(node, ['starts', 'ends', 'axes'], fresh) },
  Softmax: { since: 13, write: alongOneAxis },
  Split: { since: 13, write: (node, fresh) => withInputs(node, ['split'], fresh) },
  Squeeze: { since: 13, write: (node, fresh) => withInputs(node, ['axes'], fresh) },
  TopK: { since: 10, write: topK },
  Unsqueeze: { since: 13, write: (node, fresh) => withInputs(node, ['axes'], fresh) },
  Upsample: { since: 10, write: () => 'it is no more' },
};

/** Lists of integers that were attributes become inputs; a list that is left out is left out. */
function withInputs(node: NodeProto, names: readonly string[], fresh: Fresh): NodeProto[] {
  const constants: NodeProto[] = [];
  const added = names.map((name) => {
    const ints = attributeOf(node, name)?.ints;
    return ints === undefined ? '' : integers(ints.map(toBigInt), { node, name, fresh, constants });
  });
  while (added.at(-1) === '') added.pop();
  return [...constants, { ...withoutAttributes(node, names), input: [...node.input, ...added] }];
}

const toBigInt = (value: { toString(): string } | number): bigint => BigInt(value.toString());

interface Place {
  readonly node: NodeProto;
  readonly name: string;
  readonly fresh: Fresh;
  readonly constants: NodeProto[];
}

/** Adds a constant in front of a node; gives its name. In a graph of a node, it belongs to that graph. */
function constant({ node, name, fresh, constants }: Place, make: (name: string) => NamedTensor): string {
  const output = fresh(`${node.output[0]}.${name}`);
  const value: AttributeProto = { name: 'value', type: attributeType.TENSOR, t: make('') };
  constants.push({ opType: 'Constant', name: output, input: [], output: [output], attribute: [value] });
  return output;
}

const integers = (values: readonly bigint[], place: Place): string =>
  constant(place, (name) => ({
    name,
    dims: [values.length],
    dataType: tensorDataType.INT64,
    rawData: bytesOf(BigInt64Array.from(values)),
  }));

const float = (value: number, place: Place): string =>
  constant(place, (name) => float32Tensor(name, [], Float32Array.of(value)));

function withoutAttributes(node: NodeProto, names: readonly string[]): NodeProto {
  return { ...node, attribute: (node.attribute ?? []).filter(({ name }) => !names.includes(name)) };
}

/** Before version 11, `Clip` is for floats only; of 16 or 64 bits they are rare enough to be left. */
function clip(node: NodeProto, fresh: Fresh): NodeProto[] {
  const constants: NodeProto[] = [];
  const bound = (name: string): string => {
    const value = attributeOf(node, name)?.f;
    return value === undefined ? '' : float(value, { node, name, fresh, constants });
  };
  const input = [node.input[0] ?? '', bound('min'), bound('max')];
  return [...constants, { ...withoutAttributes(node, ['min', 'max']), input }];
}

function pad(node: NodeProto, fresh: Fresh): NodeProto[] {
  const value = floatOf(node, 'value', 0);
  const [shape, padded] = withInputs(withoutAttributes(node, ['value']), ['pads'], fresh) as [NodeProto, NodeProto];
  if (value === 0) return [shape, padded];
  const constants: NodeProto[] = [shape];
  const filled = float(value, { node, name: 'value', fresh, constants });
  return [...constants, { ...padded, input: [...padded.input, filled] }];
}

function topK(node: NodeProto, fresh: Fresh): NodeProto[] {
  const constants: NodeProto[] = [];
  const count = integers([BigInt(intOf(node, 'k', 1))], { node, name: 'k', fresh, constants });
  return [...constants, { ...withoutAttributes(node, ['k']), input: [...node.input, count] }];
}

/** Before version 9, it may also have parameters for each place. */
function batchNorm(node: NodeProto): NodeProto[] | string {
  if (intOf(node, 'spatial', 1) !== 1) return 'its parameters are not those of channels';
  return [withoutAttributes(node, ['spatial'])];
}

/** In use, and not in training, it passes its input on; its mask is of another type now. */
function dropout(node: NodeProto): NodeProto[] | string {
  const [output = '', mask = ''] = node.output;
  if (mask !== '') return 'its mask is in use';
  return [{ ...withoutAttributes(node, ['ratio']), output: [output] }];
}

/** Before version 13, it takes all dimensions from `axis` on as one. */
function alongOneAxis(node: NodeProto, fresh: Fresh): NodeProto[] {
  const axis = intOf(node, 'axis', 1);
  const [input = '', output = ''] = [node.input[0], node.output[0]];
  if (axis === -1) return [node];
  const [shape, flat, along] = ['shape', 'flat', 'along'].map((name) => fresh(`${output}.${name}`)) as [
    string,
    string,
    string,
  ];
  const named = (opType: string, inputs: readonly string[], into: string, axisOf?: number): NodeProto => ({
    opType,
    name: fresh(`${into}.${opType}`),
    input: inputs,
    output: [into],
    attribute: axisOf === undefined ? [] : [intAttribute('axis', axisOf)],
  });
  return [
    named('Shape', [input], shape),
    named('Flatten', [input], flat, axis),
    { ...node, input: [flat], output: [along], attribute: [intAttribute('axis', -1)] },
    named('Reshape', [along, shape], output),
  ];
}
