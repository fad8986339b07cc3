import type { GraphProto, NodeProto, TensorProto, ValueInfoProto } from '../model-proto.js';
import { elementCount, tensorDataType } from '../tensor.js';

/** The inputs that callers must give: older files list constants among the inputs too. */
export function trueInputs(graph: GraphProto): ValueInfoProto[] {
  const constants = new Set(graph.initializer.map(({ name }) => name));
  return graph.input.filter(({ name }) => !constants.has(name));
}

/** A dimension as the file has it: a number, a name, or -1 when nothing is known. */
export function declaredDims({ type }: ValueInfoProto): (number | string)[] | undefined {
  return type?.tensorType?.shape?.dim.map(({ dimValue, dimParam }) => dimValue ?? (dimParam || -1));
}

/** The constants that a node holds itself. */
export const heldTensors = ({ attribute = [] }: NodeProto): TensorProto[] =>
  attribute.flatMap(({ t, tensors = [] }) => (t === undefined ? tensors : [t, ...tensors]));

/** The graphs that a node runs: the branches of `If`, the bodies of `Loop` and `Scan`. */
const bodiesOf = ({ attribute = [] }: NodeProto): GraphProto[] =>
  attribute.flatMap(({ g, graphs = [] }) => (g === undefined ? graphs : [g, ...graphs]));

/** A graph and all graphs that its nodes run, at any depth. */
export function withBodies(graph: GraphProto): GraphProto[] {
  return [graph, ...graph.node.flatMap((node) => bodiesOf(node).flatMap(withBodies))];
}

/** Bits of an element; absent for strings, whose elements differ. */
const elementBits: ReadonlyMap<number, number> = new Map(
  (
    [
      [4, ['UINT4', 'INT4', 'FLOAT4E2M1']],
      [8, ['UINT8', 'INT8', 'BOOL', 'FLOAT8E4M3FN', 'FLOAT8E4M3FNUZ', 'FLOAT8E5M2', 'FLOAT8E5M2FNUZ']],
      [16, ['UINT16', 'INT16', 'FLOAT16', 'BFLOAT16']],
      [32, ['FLOAT', 'INT32', 'UINT32']],
      [64, ['DOUBLE', 'INT64', 'UINT64', 'COMPLEX64']],
      [128, ['COMPLEX128']],
    ] as const
  ).flatMap(([bits, names]) => names.map((name) => [tensorDataType[name], bits] as const)),
);

/** What the elements of a constant take in memory, whatever form they have in the file. */
export function tensorBytes({ dataType, dims, stringData = [] }: TensorProto): number {
  const bits = elementBits.get(dataType);
  if (bits === undefined) return stringData.reduce((sum, text) => sum + text.length, 0);
  return Math.ceil((elementCount(dims) * bits) / 8);
}

/** The file that holds the elements of a constant, relative to that of the model; absent when the model holds them. */
export function externalFile({ dataLocation, externalData = [] }: TensorProto): string | undefined {
  if (dataLocation !== 1) return undefined;
  return externalData.find(({ key }) => key === 'location')?.value ?? '?';
}
