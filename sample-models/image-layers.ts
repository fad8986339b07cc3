import { intAttribute, intsAttribute } from '../src/onnx/attribute.js';
import type { GraphBuilder, ValueName } from '../src/onnx/graph-builder.js';
import { dense } from './dense-layer.js';
import { afterReluGain, randomWeights, uniformBound } from './random-weights.js';

/** A value of shape [batch, channels, height, width]. */
export interface Feature {
  readonly value: ValueName;
  readonly channels: number;
}

/** The settings of a convolution. */
export interface Convolution {
  readonly name: string;
  /** Channels of the output. */
  readonly channels: number;
  /** Side of the square kernel, odd; the border is padded so that stride 1 keeps the size. */
  readonly kernel: number;
  readonly stride?: number;
  /** One filter a channel instead of filters over all channels. */
  readonly depthwise?: boolean;
  /** See `uniformBound`; for an input that comes out of a ReLU when left out. */
  readonly gain?: number;
}

/**
 * For the first layer: pixels uniform in [0, 1) have variance 1/12. Load tests send such pixels, and with this gain
 * they arrive in the network with variance 1.
 */
export const pixelGain = Math.sqrt(12);

const classCount = 1000;

/** A convolution with the scale and shift of its batch normalisation folded into weights and bias. */
export function convolution(graph: GraphBuilder, input: Feature, options: Convolution): Feature {
  const { name, channels, kernel, stride = 1, depthwise = false, gain = afterReluGain } = options;
  const inputsPerFilter = depthwise ? 1 : input.channels;
  const bound = uniformBound(inputsPerFilter * kernel * kernel, gain);
  const dims = [channels, inputsPerFilter, kernel, kernel];
  const weight = graph.deferred(randomWeights({ name: `${name}.weight`, dims, bound, centred: true }));
  const bias = graph.deferred(randomWeights({ name: `${name}.bias`, dims: [channels], bound: 0.05 }));
  const pad = (kernel - 1) / 2;
  const attributes = [
    intsAttribute('kernel_shape', [kernel, kernel]),
    intsAttribute('strides', [stride, stride]),
    intsAttribute('pads', [pad, pad, pad, pad]),
    intAttribute('group', depthwise ? channels : 1),
  ];
  return { value: graph.node('Conv', name, [input.value, weight, bias], attributes), channels };
}

/** The mean of each channel, then a logit for each of the 1000 ImageNet classes; becomes the graph's `output`. */
export function classifier(graph: GraphBuilder, { value, channels }: Feature): void {
  const pooled = graph.node('GlobalAveragePool', 'pool', [value]);
  const flat = graph.node('Flatten', 'flatten', [pooled], [intAttribute('axis', 1)]);
  dense(graph, { value: flat, width: channels }, { name: 'output', width: classCount });
}
