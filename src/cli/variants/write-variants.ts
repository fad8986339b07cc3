import { createReadStream, existsSync, readdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeFileAtomically } from '../../../sample-models/atomic-file.js';
import { messageOf, PerfError } from '../../core/perf-error.js';
import { filesBeside } from '../../precision/read-model-file.js';
import { editConfigText } from '../../protocol/edit-config-text.js';
import type { ModelConfig } from '../../protocol/model-config.js';
import { parseModelConfig } from '../../protocol/model-config-codec.js';
import type { LocatedModel } from './locate-model.js';

/** How variants lie in a repository: each as a model of its own, or all as versions of one. */
export const writeForms = ['models', 'versions'] as const;

/** Where variants go. */
export interface WriteTarget {
  /** A model repository; made when it is not there. */
  readonly repository: string;
  readonly as: (typeof writeForms)[number];
}

export interface VariantFiles {
  readonly located: LocatedModel;
  readonly passed: readonly { readonly variant: { readonly precision: string }; readonly path: string }[];
  readonly say: (line: string) => void;
}

/**
 * Checks before anything is made that variants can be written.
 *
 * @throws PerfError `file` for versions of a model that is there already: which are whose could not be told
 */
export function checkTarget({ repository, as }: WriteTarget, name: string): void {
  const folder = join(repository, name);
  if (as === 'models' || !existsSync(folder) || readdirSync(folder).length === 0) return;
  throw new PerfError(
    'file',
    `Cannot write --write-to ${repository}: expected a repository without the model '${name}', got one with it`,
  );
}

/**
 * Writes the variants that passed: as models MODEL_PRECISION with the configuration of the original under the new name, or
 * as versions of MODEL, the original being version 1, all of which a server is told to serve. Each file appears whole or not at all.
 *
 * @throws PerfError `file`
 */
export async function writeVariants(target: WriteTarget, files: VariantFiles): Promise<void> {
  const { repository, as } = target;
  if (as === 'versions') return await writeVersions(repository, files);
  for (const { variant, path } of files.passed) {
    const name = `${files.located.name}_${variant.precision.replaceAll('-', '_')}`;
    const folder = join(repository, name);
    await inFolder(folder, async () => {
      await copyModel(path, join(folder, '1'));
      await writeText(join(folder, 'config.pbtxt'), configText(files.located, { name }));
    });
    files.say(`${name}: written into ${folder}`);
  }
}

async function writeVersions(repository: string, { located, passed, say }: VariantFiles): Promise<void> {
  const { name } = located;
  const folder = join(repository, name);
  const models = [
    { precision: 'original', path: located.path },
    ...passed.map(({ variant, path }) => ({ ...variant, path })),
  ];
  await inFolder(folder, async () => {
    for (const [index, { path }] of models.entries()) await copyModel(path, join(folder, String(index + 1)));
    await writeText(join(folder, 'config.pbtxt'), configText(located, { name, version_policy: { all: {} } }));
  });
  for (const [index, { precision }] of models.entries())
    say(`${name} version ${index + 1}: ${precision}, written into ${folder}`);
}

async function inFolder(folder: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (cause) {
    throw new PerfError('file', `Cannot write --write-to ${folder}: ${messageOf(cause)}`, { cause });
  }
}

/** As `model.onnx` in a folder, weights in other files first, under their names: the graph has these. */
export async function copyModel(path: string, folder: string): Promise<void> {
  for (const name of await filesBeside(path)) await copyWhole(join(dirname(path), name), join(folder, name));
  await copyWhole(path, join(folder, 'model.onnx'));
}

async function copyWhole(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await writeFileAtomically(to, createReadStream(from));
}

async function writeText(path: string, text: string): Promise<void> {
  await writeFileAtomically(
    path,
    (async function* () {
      yield Buffer.from(text, 'utf8');
    })(),
  );
}

/** The original's configuration with other fields; the file of a variant is always called `model.onnx`. */
function configText({ config }: LocatedModel, fields: Partial<ModelConfig>): string {
  const text = config?.text ?? 'backend: "onnxruntime"\n';
  const wanted = { ...(config?.parsed ?? parseModelConfig('')), ...fields, default_model_filename: '' };
  return editConfigText(text, wanted, [...(Object.keys(fields) as (keyof ModelConfig)[]), 'default_model_filename']);
}
