import type { ModelConfig } from '../../../src/protocol/model-config.js';
import { parseModelConfig } from '../../../src/protocol/model-config-codec.js';
import type { ModelGraph } from '../../../src/server/backends/backend.js';
import { type BackendNames, normalizeHead } from '../../../src/server/config/normalize-config.js';

export const ortNames: BackendNames = {
  name: 'onnxruntime',
  platform: 'onnxruntime_onnx',
  defaultModelFilename: 'model.onnx',
  cpuInstances: 2,
};

/** The head of a model 'm' from the text of its config.pbtxt. */
export const headOf = (text: string): ModelConfig => normalizeHead(parseModelConfig(text), 'm', ortNames);

/** A graph with one FP32 input 'X' and one FP32 output 'Y'. */
export const graphOf = (input: readonly number[], output: readonly number[] = input): ModelGraph => ({
  inputs: [{ name: 'X', datatype: 'FP32', shape: input }],
  outputs: [{ name: 'Y', datatype: 'FP32', shape: output }],
});
