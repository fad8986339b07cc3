import { createReadStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeFileAtomically } from '../../../sample-models/atomic-file.js';
import { messageOf, PerfError } from '../../core/perf-error.js';
import { filesBeside } from '../../precision/read-model-file.js';
import { editConfigText } from '../../protocol/edit-config-text.js';
import type { ModelConfig } from '../../protocol/model-config.js';
import { parseModelConfig } from '../../protocol/model-config-codec.js';
import { writeOutput } from '../write-output.js';
import type { LocatedModel } from './locate-model.js';

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
  const beside = await filesBeside(path);
  for (const [suffix, parameters] of Object.entries(settings)) {
    const own = `${name}_${suffix}`;
    const folder = join(repository, own);
    const text = config?.text ?? 'backend: "onnxruntime"\n';
    const wanted = accelerated(own, config?.parsed ?? parseModelConfig(''), parameters);
    try {
      for (const other of beside) await copyWhole(join(dirname(path), other), join(folder, '1', other));
      await copyWhole(path, join(folder, '1', 'model.onnx'));
    } catch (cause) {
      throw new PerfError('file', `Cannot write --write-to ${folder}: ${messageOf(cause)}`, { cause });
    }
    const fields = ['name', 'default_model_filename', 'instance_group', 'optimization'] as const;
    writeOutput('--write-to', join(folder, 'config.pbtxt'), editConfigText(text, wanted, fields));
    names.push(own);
  }
  return names;
}

/** Nothing is there until all of it is. */
async function copyWhole(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await writeFileAtomically(to, createReadStream(from));
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
