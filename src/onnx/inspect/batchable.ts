import type { ModelProto, NodeProto, TensorProto, ValueInfoProto } from '../model-proto.js';
import { int64Tensor, type NamedTensor } from '../tensor.js';
import { trueInputs } from './graph-values.js';
import type { DimsOf } from './node-macs.js';

/** A model whose inputs and outputs have a variable first dimension, as far as looking at it tells. */
export interface BatchableModel {
  readonly model: ModelProto;
  /** What was changed, one line each. */
  readonly changes: readonly string[];
}

/** The name of the batch dimension in a model that we rewrite. */
const batchName = 'batch';

/**
 * Makes the first dimension of all inputs and outputs variable, and what is fixed on the way as far as it can be: shapes that
 * `Reshape` takes from a constant. Whether the result computes the same row by row must be seen by running it.
 *
 * @param dimsOf shapes of a run with the dimensions that the file has
 */
export function withBatchDimension(model: ModelProto, dimsOf: DimsOf): BatchableModel {
  const { graph } = model;
  const varying = valuesOfInputs(model);
  const constants = constantIntegers(model);
  const changes: string[] = [];
  const shapes: NamedTensor[] = [];
  const node = graph.node.map((each) => {
    const [data = '', shape = ''] = each.input;
    const target = constants.get(shape);
    if (each.opType !== 'Reshape' || target === undefined || !varying.has(data)) return each;
    const batched = batchedTarget(target, { input: dimsOf(data), output: dimsOf(each.output[0]), node: each });
    if (batched === undefined) return each;
    const name = `${each.output[0]}.batched_shape`;
    shapes.push(int64Tensor(name, [batched.length], batched));
    changes.push(`Reshape '${each.name || each.output[0]}': [${target.join(', ')}] to [${batched.join(', ')}]`);
    return { ...each, input: [data, name, ...each.input.slice(2)] };
  });
  const inputs = new Set(trueInputs(graph));
  return {
    changes,
    model: {
      ...model,
      graph: {
        ...graph,
        node,
        initializer: [...graph.initializer, ...shapes],
        input: graph.input.map((input) => (inputs.has(input) ? withVariableFirst(input) : input)),
        output: graph.output.map(withVariableFirst),
        valueInfo: [], // of the fixed dimension
      },
    },
  };
}

function withVariableFirst(value: ValueInfoProto): ValueInfoProto {
  const { tensorType } = value.type ?? {};
  if (tensorType?.shape === undefined) return value;
  const dim = [{ dimParam: batchName }, ...tensorType.shape.dim.slice(1)];
  return { ...value, type: { ...value.type, tensorType: { ...tensorType, shape: { ...tensorType.shape, dim } } } };
}

/** The values that depend on the values, not only on the shapes, of the inputs. */
function valuesOfInputs({ graph }: ModelProto): ReadonlySet<string> {
  const varying = new Set(trueInputs(graph).map(({ name }) => name));
  for (const { opType, input, output } of graph.node) {
    if (opType === 'Shape' || opType === 'Size' || !input.some((name) => varying.has(name))) continue;
    for (const name of output) varying.add(name);
  }
  return varying;
}

/** Lists of integers that the graph holds as constants: what a `Reshape` may take its shape from. */
function constantIntegers({ graph }: ModelProto): ReadonlyMap<string, readonly number[]> {
  const held = graph.node.flatMap((node) => {
    const tensor = constantOf(node);
    return tensor === undefined ? [] : [[node.output[0] ?? '', tensor] as const];
  });
  const listed = graph.initializer.map((tensor) => [tensor.name ?? '', tensor] as const);
  return new Map(
    [...listed, ...held].flatMap(([name, tensor]) => {
      const integers = integersOf(tensor);
      return integers === undefined ? [] : [[name, integers] as const];
    }),
  );
}

const constantOf = ({ opType, attribute }: NodeProto): TensorProto | undefined =>
  opType === 'Constant' ? attribute?.find(({ name }) => name === 'value')?.t : undefined;

const int64 = 7;
/** No shape has more dimensions. */
const longestShape = 32;

function integersOf({ dataType, dims, rawData, int64Data, dataLocation }: TensorProto): number[] | undefined {
  if (dataType !== int64 || dims.length !== 1 || (dims[0] ?? 0) > longestShape || dataLocation === 1) return undefined;
  if (rawData !== undefined && rawData.length > 0) {
    const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
    return Array.from({ length: rawData.length / 8 }, (_, index) => Number(view.getBigInt64(8 * index, true)));
  }
  const integers = int64Data?.filter((value) => typeof value === 'number');
  return integers?.length === dims[0] ? integers : undefined;
}

interface ReshapeFacts {
  readonly input: readonly number[] | undefined;
  readonly output: readonly number[] | undefined;
  readonly node: NodeProto;
}

/** The shape to ask for instead, so that the first dimension grows with the batch; absent when it does already or cannot. */
function batchedTarget(target: readonly number[], { input, output, node }: ReshapeFacts): number[] | undefined {
  const [first = -1, ...rest] = target;
  const copiesZero = node.attribute?.find(({ name }) => name === 'allowzero')?.i !== 1;
  if (first === -1 || input === undefined || output === undefined) return undefined;
  if (first === 0 && copiesZero) return undefined;
  if (!rest.includes(-1)) return [-1, ...rest];
  // Two dimensions cannot be computed: the first is copied where the input has the same, or the other is written out.
  if (copiesZero && input[0] === output[0]) return [0, ...rest];
  return [-1, ...output.slice(1)];
}
