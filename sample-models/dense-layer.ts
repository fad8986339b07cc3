import { intAttribute } from '../src/onnx/attribute.js';
import type { GraphBuilder, ValueName } from '../src/onnx/graph-builder.js';
import { afterReluGain, randomWeights, uniformBound } from './random-weights.js';

/** A value of shape [batch, width]. */
export interface Vector {
  readonly value: ValueName;
  readonly width: number;
}

/** The settings of a fully connected layer. */
export interface Dense {
  readonly name: ValueName;
  /** Elements of the output. */
  readonly width: number;
  /** See `uniformBound`; for an input that comes out of a ReLU when left out. */
  readonly gain?: number;
}

/** A fully connected layer: `input · weightᵀ + bias`. */
export function dense(graph: GraphBuilder, input: Vector, { name, width, gain = afterReluGain }: Dense): Vector {
  const bound = uniformBound(input.width, gain);
  const dims = [width, input.width];
  const weight = graph.deferred(randomWeights({ name: `${name}.weight`, dims, bound, centred: true }));
  const bias = graph.deferred(randomWeights({ name: `${name}.bias`, dims: [width], bound: 0.05 }));
  const value = graph.node('Gemm', name, [input.value, weight, bias], [intAttribute('transB', 1)]);
  return { value, width };
}
