import { intAttribute } from '../../src/onnx/attribute.js';
import type { ModelDraft } from '../../src/onnx/encode-model.js';
import { createGraphBuilder, type GraphBuilder, type ValueName } from '../../src/onnx/graph-builder.js';
import { float32Tensor, int64Tensor, tensorDataType } from '../../src/onnx/tensor.js';
import { randomWeights } from '../random-weights.js';
import { encoderLayer, hiddenWidth, layerNormalization } from './encoder-layer.js';
import { meanOverTokens, tokenMask } from './token-mask.js';

const layerCount = 2;
const vocabularySize = 8192;

/** Position embeddings start over after this many tokens. */
const positionCount = 512;

/**
 * A transformer encoder as in BERT (Devlin et al., 2018, https://arxiv.org/abs/1810.04805; 2 layers, width 256,
 * 4 heads, random weights) that turns tokens into the mean of their embeddings. Any integers are good input: token ids
 * wrap around the vocabulary, and every mask value but 0 counts as 1.
 */
export function buildTextEncoder(): ModelDraft {
  const graph = createGraphBuilder();
  const tokens = { dataType: tensorDataType.INT64, dims: ['batch', 'sequence'] };
  const ids = graph.input({ name: 'input_ids', ...tokens });
  const attentionMask = graph.input({ name: 'attention_mask', ...tokens });
  addConstants(graph);
  const mask = tokenMask(graph, attentionMask);
  let hidden = embedding(graph, ids);
  for (let index = 0; index < layerCount; index++) {
    hidden = encoderLayer(graph, { name: `layer${index}`, hidden, attentionBias: mask.attentionBias });
  }
  meanOverTokens(graph, { name: 'embedding', hidden, mask });
  graph.output({ name: 'embedding', dataType: tensorDataType.FLOAT, dims: ['batch', hiddenWidth] });
  return graph.finish({ name: 'text_encoder', opset: 17, irVersion: 8 });
}

function addConstants(graph: GraphBuilder): void {
  graph.constant(int64Tensor('int.0', [], [0]));
  graph.constant(int64Tensor('int.1', [], [1]));
  graph.constant(int64Tensor('vocabulary_size', [], [vocabularySize]));
  graph.constant(int64Tensor('position_count', [], [positionCount]));
  graph.constant(int64Tensor('axes.1', [1], [1]));
  graph.constant(int64Tensor('axes.2', [1], [2]));
  graph.constant(int64Tensor('axes.1.2', [2], [1, 2]));
  graph.constant(float32Tensor('float.half', [], Float32Array.of(0.5)));
  graph.constant(float32Tensor('float.1', [], Float32Array.of(1)));
}

function embedding(graph: GraphBuilder, ids: ValueName): ValueName {
  const known = graph.node('Mod', 'known_ids', [ids, 'vocabulary_size']);
  const words = lookUp(graph, { name: 'words', rows: vocabularySize, indices: known });
  const shape = graph.node('Shape', 'ids.shape', [ids]);
  const length = graph.node('Gather', 'length', [shape, 'int.1'], [intAttribute('axis', 0)]);
  const steps = graph.node('Range', 'steps', ['int.0', length, 'int.1']);
  const wrapped = graph.node('Mod', 'known_steps', [steps, 'position_count']);
  const positions = lookUp(graph, { name: 'positions', rows: positionCount, indices: wrapped });
  const sum = graph.node('Add', 'embedded', [words, positions]);
  return layerNormalization(graph, 'embedded.norm', sum);
}

interface Lookup {
  readonly name: string;
  readonly rows: number;
  readonly indices: ValueName;
}

function lookUp(graph: GraphBuilder, { name, rows, indices }: Lookup): ValueName {
  const table = graph.deferred(randomWeights({ name: `${name}.table`, dims: [rows, hiddenWidth], bound: 1 }));
  return graph.node('Gather', name, [table, indices], [intAttribute('axis', 0)]);
}
