import { join } from 'node:path';
import { messageOf, PerfError } from '../../core/perf-error.js';
import { editConfigText } from '../../protocol/edit-config-text.js';
import type { ModelConfig } from '../../protocol/model-config.js';
import { parseModelConfig } from '../../protocol/model-config-codec.js';
import { writeOutput } from '../write-output.js';
import type { LocatedModel } from './locate-model.js';
import { copyModel } from './write-variants.js';

/** What TensorRT is told, by what the model is then called (Triton's ONNX Runtime backend, README, "TensorRT Optimization"). */
const settings: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  tensorrt_fp32: { precision_mode: 'FP32' },
  tensorrt_fp16: { precision_mode: 'FP16' },
};

/**
 * Writes models for Triton on GPUs: the original file, and configurations that let TensorRT choose its arithmetic. A server
 * with a GPU must measure them. Gives their names.
 *
 * @throws PerfError `file`
 */
export async function writeAccelerated(repository: string, { name, path, config }: LocatedModel): Promise<string[]> {
  const names: string[] = [];
  for (const [suffix, parameters] of Object.entries(settings)) {
    const own = `${name}_${suffix}`;
    const folder = join(repository, own);
    const text = config?.text ?? 'backend: "onnxruntime"\n';
    const wanted = accelerated(own, config?.parsed ?? parseModelConfig(''), parameters);
    try {
      await copyModel(path, join(folder, '1'));
    } catch (cause) {
      throw new PerfError('file', `Cannot write --write-to ${folder}: ${messageOf(cause)}`, { cause });
    }
    const fields = ['name', 'default_model_filename', 'instance_group', 'optimization'] as const;
    writeOutput('--write-to', join(folder, 'config.pbtxt'), editConfigText(text, wanted, fields));
    names.push(own);
  }
  return names;
}

function accelerated(name: string, config: ModelConfig, parameters: Readonly<Record<string, string>>): ModelConfig {
  const execution_accelerators = {
    gpu_execution_accelerator: [{ name: 'tensorrt', parameters }],
    cpu_execution_accelerator: [],
  };
  return {
    ...config,
    name,
    default_model_filename: '',
    instance_group: config.instance_group.map((group) => ({ ...group, kind: 'KIND_GPU' as const })),
    optimization: { ...config.optimization, execution_accelerators } as NonNullable<ModelConfig['optimization']>,
  };
}
