/** A matrix in 8 bits: `values[k, n] * scales[n]` is about what it was. */
export interface QuantizedWeight {
  /** Row-major [rows, columns], as the matrix was. */
  readonly values: Int8Array;
  /** One a column. */
  readonly scales: Float32Array;
}

/** How a matrix of weights lies in memory. */
export interface WeightLayout {
  readonly columns: number;
  /**
   * 7 leaves the top bit free: on processors without VNNI, products of 8-bit numbers are summed in 16 bits, which
   * saturate.
   */
  readonly bits: 7 | 8;
}

/**
 * Quantises each column on its own, symmetrically: the largest magnitude becomes 127 (63 with 7 bits), zero stays
 * zero. A column of zeros has the scale 1.
 *
 * @param weight finite numbers
 */
export function quantizeColumns(weight: Float32Array, { columns, bits }: WeightLayout): QuantizedWeight {
  const largest = bits === 8 ? 127 : 63;
  const scales = columnMagnitudes(weight, columns).map((magnitude) => scaleFor(magnitude, largest));
  const values = new Int8Array(weight.length);
  for (let index = 0; index < weight.length; index++) {
    const scaled = roundToEven((weight[index] ?? 0) / (scales[index % columns] ?? 1));
    values[index] = Math.max(-largest, Math.min(largest, scaled));
  }
  return { values, scales };
}

/** The largest magnitude of each column. */
function columnMagnitudes(weight: Float32Array, columns: number): Float32Array {
  const magnitudes = new Float32Array(columns);
  for (let index = 0; index < weight.length; index++) {
    const magnitude = Math.abs(weight[index] ?? 0);
    if (magnitude > (magnitudes[index % columns] ?? 0)) magnitudes[index % columns] = magnitude;
  }
  return magnitudes;
}

/** The smallest normal number of FP32: a scale below it would lose its digits, or be zero. */
const smallestScale = 2 ** -126;

/** The step whose `largest`-fold is the magnitude; 1 for zeros. */
function scaleFor(magnitude: number, largest: number): number {
  return magnitude === 0 ? 1 : Math.max(smallestScale, Math.fround(magnitude / largest));
}

/** As ONNX rounds. */
export function roundToEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/** A matrix with rows and columns exchanged. */
export function transpose(values: Float32Array, rows: number, columns: number): Float32Array {
  const transposed = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      transposed[column * rows + row] = values[row * columns + column] ?? 0;
    }
  }
  return transposed;
}
