import { deriveSeed, seededUint32 } from '../src/core/random.js';
import type { DeferredTensor } from '../src/onnx/encode-model.js';
import { bytesOf, elementCount, tensorDataType } from '../src/onnx/tensor.js';

/** One seed for all sample models: each tensor draws from a stream of its own, derived from its name. */
const seed = 2015;

/** What to draw. */
export interface RandomWeights {
  readonly name: string;
  readonly dims: readonly number[];
  /** Elements are uniform in ±bound. */
  readonly bound: number;
  /**
   * Takes its mean off each row (slice along the first dimension). It keeps out what all inputs of a row have in
   * common, as batch normalisation would; without, the logits of a deep network hardly depend on its input.
   */
  readonly centred?: boolean;
}

/**
 * Keeps variance 1 through a ReLU and centred weights: of a standard normal, a ReLU leaves variance (1 - 1/π) / 2.
 * (He et al., 2015, https://arxiv.org/abs/1502.01852 has √2, for weights that are not centred.)
 */
export const afterReluGain = Math.sqrt(2 / (1 - 1 / Math.PI));

/** The bound of uniform weights of variance `gain² / fanIn`: times `gain`, they keep the scale of a signal. */
export function uniformBound(fanIn: number, gain: number): number {
  return gain * Math.sqrt(3 / fanIn);
}

/**
 * Random 32-bit floats, the same on every machine: only integer arithmetic, and of the floating-point operations
 * only those that IEEE 754 rounds correctly.
 */
export function randomWeights({ name, dims, bound, centred = false }: RandomWeights): DeferredTensor {
  const count = elementCount(dims);
  return {
    name,
    dims,
    dataType: tensorDataType.FLOAT,
    sizeBytes: count * Float32Array.BYTES_PER_ELEMENT,
    compute: () => {
      const values = uniformValues(count, bound, deriveSeed(seed, name));
      if (centred) centreRows(values, count / (dims[0] ?? 1));
      return bytesOf(values);
    },
  };
}

function uniformValues(count: number, bound: number, streamSeed: number): Float32Array {
  const next = seededUint32(streamSeed);
  const values = new Float32Array(count);
  const step = bound / 2 ** 31;
  for (let index = 0; index < count; index++) values[index] = (next() - 2 ** 31) * step;
  return values;
}

function centreRows(values: Float32Array, rowLength: number): void {
  for (let start = 0; start < values.length; start += rowLength) {
    const row = values.subarray(start, start + rowLength);
    const mean = row.reduce((sum, value) => sum + value, 0) / rowLength;
    for (let index = 0; index < rowLength; index++) row[index] = (row[index] ?? 0) - mean;
  }
}
