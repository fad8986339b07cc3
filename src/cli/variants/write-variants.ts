import { createReadStream, existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { writeFileAtomically } from '../../../sample-models/atomic-file.js';
import { messageOf, PerfError } from '../../core/perf-error.js';
import { dataFileOf } from '../../onnx/encode-files.js';
import { editConfigText } from '../../protocol/edit-config-text.js';
import { parseModelConfig } from '../../protocol/model-config-codec.js';
import type { LocatedModel } from './locate-model.js';

/** Where variants go, and for which kind of server. */
export interface WriteTarget {
  /** A model repository; made when it is not there. */
  readonly repository: string;
}

export interface VariantFiles {
  readonly located: LocatedModel;
  readonly passed: readonly { readonly variant: { readonly precision: string }; readonly path: string }[];
  readonly say: (line: string) => void;
}

/**
 * Writes the variants that passed as models of their own, MODEL_PRECISION, with the configuration of the original under the
 * new name. Each file appears whole or not at all.
 *
 * @throws PerfError `file`
 */
export async function writeVariants(
  { repository }: WriteTarget,
  { located, passed, say }: VariantFiles,
): Promise<void> {
  for (const { variant, path } of passed) {
    const name = `${located.name}_${variant.precision.replaceAll('-', '_')}`;
    const folder = join(repository, name);
    try {
      await mkdir(join(folder, '1'), { recursive: true });
      const data = dataFileOf(path); // The graph names it.
      if (existsSync(data)) await writeFileAtomically(join(folder, '1', basename(data)), createReadStream(data));
      await writeFileAtomically(join(folder, '1', 'model.onnx'), createReadStream(path));
      await writeFileAtomically(join(folder, 'config.pbtxt'), textOf(configText(located, name)));
    } catch (cause) {
      throw new PerfError('file', `Cannot write --write-to ${folder}: ${messageOf(cause)}`, { cause });
    }
    say(`${name}: written into ${folder}`);
  }
}

async function* textOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text, 'utf8');
}

/** The original's configuration under another name; the file in a variant is always called `model.onnx`. */
function configText({ config }: LocatedModel, name: string): string {
  const text = config?.text ?? 'backend: "onnxruntime"\n';
  const wanted = { ...(config?.parsed ?? parseModelConfig('')), name, default_model_filename: '' };
  return editConfigText(text, wanted, ['name', 'default_model_filename']);
}
