import type { ModelProto, NodeProto, TensorProto } from '../model-proto.js';
import { int64Tensor, tensorDataType } from '../tensor.js';
import { externalFile } from './graph-values.js';

/** A model that gives the shapes of the values in between instead of its outputs. */
export interface ShapeProbe {
  readonly model: ModelProto;
  /** What is known by which output. */
  readonly outputOf: ReadonlyMap<string, string>;
}

/** Operators that give something other than tensors, which have no shape. */
const withoutTensors = /^(Sequence(?!At$|Length$)|SplitToSequence|Optional|ZipMap)/;

/**
 * The same graph with a `Shape` behind the outputs of all its nodes: a run of it tells every shape, also those that depend
 * on values. Constants in other files are replaced by zeros of their shape, so that those files are not needed.
 */
export function shapeProbe(model: ModelProto): ShapeProbe {
  const { graph } = model;
  const apart = graph.initializer.filter((tensor) => externalFile(tensor) !== undefined);
  const names = graph.node
    .filter(({ opType }) => !withoutTensors.test(opType))
    .flatMap(({ output }) => output.filter((name) => name !== ''));
  const outputOf = new Map([...new Set(names)].map((name, index) => [name, `perf-analyze.shape.${index}`]));
  const shapes: NodeProto[] = [...outputOf].map(([name, output]) => ({
    opType: 'Shape',
    input: [name],
    output: [output],
  }));
  return {
    model: {
      ...model,
      graph: {
        ...graph,
        node: [...apart.flatMap((tensor, index) => zeros(tensor, index)), ...graph.node, ...shapes],
        initializer: [
          ...graph.initializer.filter((tensor) => !apart.includes(tensor)),
          ...apart.map(({ dims }, index) => int64Tensor(dimsName(index), [dims.length], dims)),
        ],
        output: [...outputOf.values()].map((name) => ({
          name,
          type: { tensorType: { elemType: tensorDataType.INT64 } },
        })),
        valueInfo: [],
      },
    },
    outputOf,
  };
}

const dimsName = (index: number): string => `perf-analyze.dims.${index}`;

/** As zeros of 32-bit floats, cast to the type of the constant. */
function zeros({ name = '', dataType }: TensorProto, index: number): NodeProto[] {
  const floats = `perf-analyze.zeros.${index}`;
  return [
    { opType: 'ConstantOfShape', input: [dimsName(index)], output: [floats] },
    { opType: 'Cast', input: [floats], output: [name], attribute: [{ name: 'to', i: dataType, type: 2 }] },
  ];
}
