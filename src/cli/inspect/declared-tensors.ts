import type { InspectedTensor } from '../../core/inspection.js';
import { PerfError } from '../../core/perf-error.js';
import { declaredDims } from '../../onnx/inspect/graph-values.js';
import type { ValueInfoProto } from '../../onnx/model-proto.js';
import { tensorDataType } from '../../onnx/tensor.js';
import { isDatatype } from '../../protocol/datatype.js';
import type { GraphTensor } from '../../server/backends/backend.js';
import type { SampleInput } from './sample-inputs.js';

/** The v2 name of an element type of ONNX; ONNX's own name where the protocol has none. */
const datatypeNames: ReadonlyMap<number, string> = new Map(
  Object.entries(tensorDataType).map(([name, number]) => [number, v2Name(name)]),
);

function v2Name(name: string): string {
  const renamed: Readonly<Record<string, string>> = {
    FLOAT: 'FP32',
    DOUBLE: 'FP64',
    FLOAT16: 'FP16',
    BFLOAT16: 'BF16',
    STRING: 'BYTES',
  };
  return renamed[name] ?? name;
}

/** An input or output as the file declares it. */
export function toInspectedTensor(value: ValueInfoProto): InspectedTensor {
  const elementType = value.type?.tensorType?.elemType;
  const datatype = elementType === undefined ? 'no tensor' : (datatypeNames.get(elementType) ?? `type ${elementType}`);
  return { name: value.name, datatype, shape: declaredDims(value) };
}

/** What the server calls a tensor; absent when it cannot serve it. */
export function toGraphTensor({ name, datatype, shape }: InspectedTensor): GraphTensor | undefined {
  if (!isDatatype(datatype) || datatype === 'BF16' || shape === undefined) return undefined;
  return { name, datatype, shape: shape.map((dim) => (typeof dim === 'number' ? dim : -1)) };
}

/** Whether all tensors have a first dimension that may be any: what Triton takes for a batch dimension. */
export const hasBatchDimension = (tensors: readonly InspectedTensor[]): boolean =>
  tensors.every(({ shape }) => shape?.[0] !== undefined && isVariable(shape[0]));

const isVariable = (dim: number | string): boolean => typeof dim === 'string' || dim < 0;

/** Dimensions by input, from `--shape`: without the batch dimension where the model has one. */
export type GivenShapes = Readonly<Record<string, readonly number[]>>;

/** What to run the model with, or which inputs leave open what. */
export type SampleShapes =
  | { readonly kind: 'known'; readonly inputs: readonly SampleInput[] }
  | { readonly kind: 'open'; readonly inputs: readonly string[] }
  | { readonly kind: 'impossible'; readonly reason: string };

/**
 * The shapes of one request: those of the file, with 1 for a batch dimension, and of `--shape` where they are variable.
 *
 * @throws PerfError `usage` for a shape that does not fit
 */
export function sampleShapes(tensors: readonly InspectedTensor[], given: GivenShapes, canBatch: boolean): SampleShapes {
  const stranger = Object.keys(given).find((name) => !tensors.some((tensor) => tensor.name === name));
  if (stranger !== undefined) {
    const names = tensors.map(({ name }) => name).join(', ');
    throw new PerfError('usage', `Cannot use --shape ${stranger}: expected an input (${names}), got '${stranger}'`);
  }
  const inputs: SampleInput[] = [];
  const open: string[] = [];
  for (const tensor of tensors) {
    const known = toGraphTensor(tensor);
    if (known === undefined) {
      const got = tensor.shape === undefined ? 'an open number of dimensions' : tensor.datatype;
      return { kind: 'impossible', reason: `no values can be made for input '${tensor.name}' of ${got}` };
    }
    const dims = sampleDims(known, given, canBatch);
    if (dims.some((dim) => dim < 0)) open.push(tensor.name);
    else inputs.push({ name: tensor.name, datatype: known.datatype, dims });
  }
  return open.length > 0 ? { kind: 'open', inputs: open } : { kind: 'known', inputs };
}

function sampleDims({ name, shape }: GraphTensor, given: GivenShapes, canBatch: boolean): readonly number[] {
  const wanted = canBatch ? shape.slice(1) : shape;
  const dims = given[name] ?? wanted;
  if (dims.length !== wanted.length || wanted.some((dim, axis) => dim >= 0 && dim !== dims[axis])) {
    throw new PerfError(
      'usage',
      `Cannot use --shape ${name}:${dims.join(',')}: expected dimensions that fit [${wanted.join(',')}], got [${dims.join(',')}]`,
    );
  }
  return canBatch ? [1, ...dims] : dims;
}
