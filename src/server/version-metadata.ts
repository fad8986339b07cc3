import type { ModelMetadata, TensorMetadata } from '../protocol/metadata.js';
import type { ModelConfig } from '../protocol/model-config.js';
import type { PlannedTensor, TensorPlan } from './config/tensor-plan.js';

/** What clients are told of a model: its inputs and outputs with the batch dimension, as -1. */
export const describeVersion = (config: ModelConfig, plan: TensorPlan, versions: readonly string[]): ModelMetadata => ({
  name: config.name,
  versions,
  platform: config.platform || config.backend,
  inputs: plan.inputs.map((tensor) => toMetadata(tensor, plan)),
  outputs: plan.outputs.map((tensor) => toMetadata(tensor, plan)),
});

const toMetadata = ({ name, datatype, dims }: PlannedTensor, plan: TensorPlan): TensorMetadata => ({
  name,
  datatype,
  shape: plan.maxBatchSize > 0 ? [-1, ...dims] : dims,
});
