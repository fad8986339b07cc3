import { bytesOf, elementCount, float32Tensor, type NamedTensor, tensorDataType } from '../../onnx/tensor.js';
import type { NodeWriter } from './node-writer.js';
import { type QuantizedWeight, quantizeChannels, roundToEven } from './quantize-weight.js';
import type { QuantizedLayer } from './static-layer.js';
import { floatsOf, int8Tensor } from './weight-values.js';

/** How weights are stored. */
export interface Storing {
  readonly writer: NodeWriter;
  /** See `WeightLayout`. */
  readonly bits: 7 | 8;
  /** Whether `DequantizeLinear` knows a scale for each channel; otherwise there is one for all. */
  readonly hasChannels: boolean;
  /** See `Int8StaticOptions`. */
  readonly quantized: Map<QuantizedLayer, QuantizedWeight>;
}

/**
 * Stores the weight and the bias of a layer as integers, each before a `DequantizeLinear`; the names of what these give.
 *
 * @param inputScale that of what the weight is multiplied with: a bias counts in steps of it times the weight's scale
 */
export function storeWeights(
  layer: QuantizedLayer,
  inputScale: number,
  { writer, bits, hasChannels, quantized }: Storing,
): string[] {
  const { weight, axis, bias } = layer;
  const { name, dims } = weight;
  const channels = hasChannels ? (dims[axis] ?? 1) : 1;
  const inner = elementCount(hasChannels ? dims.slice(axis + 1) : dims);
  const biasValues = bias === undefined ? undefined : floatsOf(bias);
  const quantize = (): QuantizedWeight => {
    const smallestScales = scalesThatHold(biasValues ?? new Float32Array(0), inputScale, channels);
    const layout = { channels, inner, bits, smallestScales };
    return quantizeChannels(floatsOf(weight) ?? new Float32Array(0), layout);
  };
  const made = quantized.get(layer) ?? quantize();
  quantized.set(layer, made);
  const { values, scales } = made;
  const scaled = { shape: hasChannels ? [channels] : [], writer };
  const integers = int8Tensor(writer.fresh(`${name}.int8`), dims, values);
  const zeros = int8Tensor(writer.fresh(`${name}.zero_point`), scaled.shape, new Int8Array(channels));
  const weightName = dequantized({ ...scaled, integers, zeros, scales, axis });
  if (bias === undefined || biasValues === undefined) return [weightName];
  const biasScales = scales.map((scale) => scale * inputScale);
  const whole = Int32Array.from(biasValues, (value, index) => roundToEven(value / (biasScales[index % channels] ?? 1)));
  const biasIntegers = int32Tensor(writer.fresh(`${bias.name}.int32`), bias.dims, whole);
  const biasZeros = int32Tensor(writer.fresh(`${bias.name}.zero_point`), scaled.shape, new Int32Array(channels));
  return [
    weightName,
    dequantized({ ...scaled, integers: biasIntegers, zeros: biasZeros, scales: biasScales, axis: 0 }),
  ];
}

interface Stored {
  readonly integers: NamedTensor;
  readonly zeros: NamedTensor;
  readonly scales: Float32Array;
  /** Of the scales; empty for one scale. */
  readonly shape: readonly number[];
  readonly axis: number;
  readonly writer: NodeWriter;
}

function dequantized({ integers, zeros, scales, shape, axis, writer }: Stored): string {
  const { constant, emit, fresh } = writer;
  const scale = constant(float32Tensor(fresh(`${integers.name}.scale`), shape, scales));
  const output = fresh(`${integers.name}.float`);
  emit('DequantizeLinear', [constant(integers), scale, constant(zeros)], output, shape.length === 0 ? undefined : axis);
  return output;
}

/** Biases are stored as 32-bit integers: weights with these scales leave them room. */
function scalesThatHold(bias: Float32Array, inputScale: number, channels: number): Float32Array {
  const scales = new Float32Array(channels);
  bias.forEach((value, index) => {
    const channel = index % channels;
    scales[channel] = Math.max(scales[channel] ?? 0, Math.abs(value) / inputScale / 2 ** 30);
  });
  return scales;
}

const int32Tensor = (name: string, dims: readonly number[], values: Int32Array): NamedTensor => ({
  name,
  dims,
  dataType: tensorDataType.INT32,
  rawData: bytesOf(values),
});
