import type { InspectedTensor } from '../../core/inspection.js';
import { formatModelConfig, parseModelConfig } from '../../protocol/model-config-codec.js';
import { completeConfig } from '../../server/config/complete-config.js';
import { toGraphTensor } from './declared-tensors.js';

/** What of a model a configuration depends on. */
interface Servable {
  readonly inputs: readonly InspectedTensor[];
  readonly outputs: readonly InspectedTensor[];
  readonly canBatch: boolean;
}

/** Large enough that batching shows, small enough for any model to start with. */
const suggestedBatchSize = 8;

/** The text of a `config.pbtxt` for the model; absent when it has tensors that servers do not take. */
export function suggestConfig(modelName: string, { inputs, outputs, canBatch }: Servable): string | undefined {
  const graph = { inputs: inputs.map(toGraphTensor), outputs: outputs.map(toGraphTensor) };
  const known = { inputs: graph.inputs.filter(isDefined), outputs: graph.outputs.filter(isDefined) };
  if (known.inputs.length < inputs.length || known.outputs.length < outputs.length) return undefined;
  const head = { ...parseModelConfig(''), name: modelName, backend: 'onnxruntime' };
  const config = completeConfig(head, known, { defaultMaxBatchSize: suggestedBatchSize, canBatch });
  return formatModelConfig(config);
}

const isDefined = <Value>(value: Value | undefined): value is Value => value !== undefined;
