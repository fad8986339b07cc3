import { join } from 'node:path';
import type { ModelConfig, SequenceState } from '../../protocol/model-config.js';
import { readModelFile } from './read-model-file.js';
import { planSequences, type SequencePlan } from './sequence-plan.js';
import type { TensorPlan } from './tensor-plan.js';

/**
 * Plans the sequences of a model and reads its initial states; `undefined` for a model without a sequence batcher.
 *
 * @param config completed, and checked against the graph
 * @param directory the model's folder
 * Rejects with `PerfError` when a file cannot be read or does not fill its state.
 */
export async function prepareSequences(
  config: ModelConfig,
  plan: TensorPlan,
  directory: string,
): Promise<SequencePlan | undefined> {
  const { sequence_batching } = config;
  if (sequence_batching === undefined) return undefined;
  const data = await Promise.all(sequence_batching.state.map((state) => initialData(state, directory)));
  return planSequences({ ...config, sequence_batching }, plan, new Map(data.flat()));
}

async function initialData(
  { input_name, initial_state: [initial] }: SequenceState,
  directory: string,
): Promise<(readonly [string, Uint8Array])[]> {
  if (initial?.data_file === undefined) return [];
  const folder = join(directory, 'initial_state');
  return [[input_name, await readModelFile(folder, initial.data_file, 'initial_state.data_file')]];
}
