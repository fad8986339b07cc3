import { intsAttribute } from '../../src/onnx/attribute.js';
import type { ModelDraft } from '../../src/onnx/encode-model.js';
import { createGraphBuilder, type GraphBuilder } from '../../src/onnx/graph-builder.js';
import { tensorDataType } from '../../src/onnx/tensor.js';
import { classifier, convolution, type Feature, pixelGain } from '../image-layers.js';

/** Blocks in each stage; a stage halves the side of the image (the first excepted) and doubles the channels. */
const stages = [3, 4, 6, 3];

/** A block puts out four times the channels that it works with. */
const expansion = 4;

/**
 * Below 1.7 (`afterReluGain`), so that the sums over 16 residual blocks stay tame: logits of a few units, far from
 * the limits of 16-bit floats.
 */
const residualGain = 1;

/**
 * ResNet-50 v1.5 (He et al., 2015, https://arxiv.org/abs/1512.03385; 1.5: the stride is in the 3x3 convolution),
 * batch normalisation folded into the convolutions, random weights.
 */
export function buildResnet50(): ModelDraft {
  const graph = createGraphBuilder();
  const value = graph.input({ name: 'input', dataType: tensorDataType.FLOAT, dims: ['batch', 3, 224, 224] });
  const image: Feature = { value, channels: 3 };
  let feature = stem(graph, image);
  for (const [stage, blocks] of stages.entries()) {
    for (let index = 0; index < blocks; index++) {
      const stride = stage > 0 && index === 0 ? 2 : 1;
      feature = bottleneck(graph, feature, { name: `stage${stage + 1}.${index}`, width: 64 * 2 ** stage, stride });
    }
  }
  classifier(graph, feature);
  graph.output({ name: 'output', dataType: tensorDataType.FLOAT, dims: ['batch', 1000] });
  return graph.finish({ name: 'resnet50', opset: 17, irVersion: 8 });
}

function stem(graph: GraphBuilder, image: Feature): Feature {
  const wide = convolution(graph, image, { name: 'stem', channels: 64, kernel: 7, stride: 2, gain: pixelGain });
  const { value, channels } = relu(graph, wide);
  const window = [
    intsAttribute('kernel_shape', [3, 3]),
    intsAttribute('strides', [2, 2]),
    intsAttribute('pads', [1, 1, 1, 1]),
  ];
  return { value: graph.node('MaxPool', 'stem.pool', [value], window), channels };
}

interface Bottleneck {
  readonly name: string;
  /** Channels between the 1x1 convolutions. */
  readonly width: number;
  readonly stride: number;
}

function bottleneck(graph: GraphBuilder, input: Feature, { name, width, stride }: Bottleneck): Feature {
  const channels = width * expansion;
  const reduced = relu(graph, convolution(graph, input, { name: `${name}.reduce`, channels: width, kernel: 1 }));
  const spatial = { name: `${name}.spatial`, channels: width, kernel: 3, stride };
  const seen = relu(graph, convolution(graph, reduced, spatial));
  const expanded = convolution(graph, seen, { name: `${name}.expand`, channels, kernel: 1, gain: residualGain });
  const keepsShape = input.channels === channels && stride === 1;
  const shortcut = keepsShape
    ? input
    : convolution(graph, input, { name: `${name}.shortcut`, channels, kernel: 1, stride });
  const sum = graph.node('Add', `${name}.add`, [expanded.value, shortcut.value]);
  return relu(graph, { value: sum, channels });
}

function relu(graph: GraphBuilder, { value, channels }: Feature): Feature {
  return { value: graph.node('Relu', `${value}.relu`, [value]), channels };
}
