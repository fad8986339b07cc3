import type { ModelDraft } from '../../src/onnx/encode-model.js';
import { createGraphBuilder, type GraphBuilder } from '../../src/onnx/graph-builder.js';
import { float32Tensor, tensorDataType } from '../../src/onnx/tensor.js';
import { classifier, convolution, type Feature, pixelGain } from '../image-layers.js';

/** Table 2 of the paper: expansion factor, output channels, blocks, stride of the first block. */
const stages = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

/** A bottleneck ends without an activation, so what follows it needs no gain. */
const afterLinearGain = 1;

/**
 * MobileNet v2, width 1.0 (Sandler et al., 2018, https://arxiv.org/abs/1801.04381), batch normalisation folded into
 * the convolutions, random weights.
 */
export function buildMobilenetV2(): ModelDraft {
  const graph = createGraphBuilder();
  const value = graph.input({ name: 'input', dataType: tensorDataType.FLOAT, dims: ['batch', 3, 224, 224] });
  graph.constant(float32Tensor('relu6.min', [], Float32Array.of(0)));
  graph.constant(float32Tensor('relu6.max', [], Float32Array.of(6)));
  const image: Feature = { value, channels: 3 };
  const stem = { name: 'stem', channels: 32, kernel: 3, stride: 2, gain: pixelGain };
  let feature = relu6(graph, convolution(graph, image, stem));
  for (const [stage, [expansion, channels, blocks, firstStride]] of stages.entries()) {
    for (let index = 0; index < blocks; index++) {
      const stride = index === 0 ? firstStride : 1;
      feature = invertedResidual(graph, feature, { name: `stage${stage + 1}.${index}`, expansion, channels, stride });
    }
  }
  const head = { name: 'head', channels: 1280, kernel: 1, gain: afterLinearGain };
  classifier(graph, relu6(graph, convolution(graph, feature, head)));
  graph.output({ name: 'output', dataType: tensorDataType.FLOAT, dims: ['batch', 1000] });
  return graph.finish({ name: 'mobilenet_v2', opset: 17, irVersion: 8 });
}

interface InvertedResidual {
  readonly name: string;
  readonly expansion: number;
  readonly channels: number;
  readonly stride: number;
}

function invertedResidual(graph: GraphBuilder, input: Feature, options: InvertedResidual): Feature {
  const { name, expansion, channels, stride } = options;
  const width = input.channels * expansion;
  const expand = { name: `${name}.expand`, channels: width, kernel: 1, gain: afterLinearGain };
  const expanded = expansion === 1 ? input : relu6(graph, convolution(graph, input, expand));
  const spatial = { name: `${name}.spatial`, channels: width, kernel: 3, stride, depthwise: true };
  const seen = relu6(graph, convolution(graph, expanded, spatial));
  const projected = convolution(graph, seen, { name: `${name}.project`, channels, kernel: 1 });
  const keepsShape = input.channels === channels && stride === 1;
  if (!keepsShape) return projected;
  return { value: graph.node('Add', name, [input.value, projected.value]), channels };
}

function relu6(graph: GraphBuilder, { value, channels }: Feature): Feature {
  return { value: graph.node('Clip', `${value}.relu6`, [value, 'relu6.min', 'relu6.max']), channels };
}
