/** A weight in 8 bits: each element times the scale of its channel is about what it was. */
export interface QuantizedWeight {
  /** As the weight lay in memory. */
  readonly values: Int8Array;
  /** One a channel. */
  readonly scales: Float32Array;
}

/** Where the channels of a weight lie in memory: element i is of channel floor(i / inner) % channels. */
export interface WeightLayout {
  readonly channels: number;
  /** 1 for the columns of a matrix, and for its rows the number of columns. */
  readonly inner: number;
  /**
   * 7 leaves the top bit free: on processors without VNNI, products of 8-bit numbers are summed in 16 bits, which
   * saturate.
   */
  readonly bits: 7 | 8;
  /** Of each channel, no smaller scale. */
  readonly smallestScales?: Float32Array;
}

/**
 * Quantises each channel on its own, symmetrically: the largest magnitude becomes 127 (63 with 7 bits), zero stays
 * zero. A channel of zeros has the scale 1.
 *
 * @param weight finite numbers
 */
export function quantizeChannels(weight: Float32Array, layout: WeightLayout): QuantizedWeight {
  const { channels, inner, bits, smallestScales } = layout;
  const largest = bits === 8 ? 127 : 63;
  const scales = channelMagnitudes(weight, layout).map((magnitude, channel) =>
    Math.max(smallestScales?.[channel] ?? 0, scaleFor(magnitude, largest)),
  );
  const values = new Int8Array(weight.length);
  for (let start = 0, channel = 0; start < weight.length; start += inner, channel = (channel + 1) % channels) {
    const scale = scales[channel] ?? 1;
    for (let index = start; index < start + inner; index++) {
      values[index] = Math.max(-largest, Math.min(largest, roundToEven((weight[index] ?? 0) / scale)));
    }
  }
  return { values, scales };
}

/** The largest magnitude of each channel. */
function channelMagnitudes(weight: Float32Array, { channels, inner }: WeightLayout): Float32Array {
  const magnitudes = new Float32Array(channels);
  for (let start = 0, channel = 0; start < weight.length; start += inner, channel = (channel + 1) % channels) {
    let largest = magnitudes[channel] ?? 0;
    for (let index = start; index < start + inner; index++) largest = Math.max(largest, Math.abs(weight[index] ?? 0));
    magnitudes[channel] = largest;
  }
  return magnitudes;
}

/** The smallest normal number of FP32: a scale below it would lose its digits, or be zero. */
const smallestScale = 2 ** -126;

/** The step whose `largest`-fold is the magnitude; 1 for zeros. */
function scaleFor(magnitude: number, largest: number): number {
  return magnitude === 0 ? 1 : Math.max(smallestScale, Math.fround(magnitude / largest));
}

/** Between it and its double, the numbers of 64 bits are the integers: a sum with it is rounded to one. */
const integersOnly = 1.5 * 2 ** 52;

/** As ONNX rounds. @param value magnitudes below 2^51 */
export function roundToEven(value: number): number {
  return value + integersOnly - integersOnly;
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
