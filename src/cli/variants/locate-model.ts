import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { PerfError } from '../../core/perf-error.js';
import { highestOf } from '../../protocol/metadata.js';
import type { ModelConfig } from '../../protocol/model-config.js';
import { readConfigText } from '../../server/config/read-config.js';
import type { CommandContext } from '../command-context.js';
import { repositoryFor } from '../model-source.js';

/** An ONNX file, and how it is served. */
export interface LocatedModel {
  readonly name: string;
  readonly path: string;
  /** Absent when there is no `config.pbtxt`. */
  readonly config?: { readonly text: string; readonly parsed: ModelConfig };
}

/**
 * Finds the model that `-m` names: an ONNX file itself, or the highest version of a model of the repository.
 *
 * @throws PerfError `file` or `model`
 */
export async function locateModel(
  wanted: string,
  userRepository: string | undefined,
  context: CommandContext,
): Promise<LocatedModel> {
  if (wanted.endsWith('.onnx')) return { name: basename(wanted, '.onnx'), path: wanted };
  const repository = await repositoryFor([wanted], userRepository, context);
  const folder = join(repository, wanted);
  const configPath = join(folder, 'config.pbtxt');
  const text = existsSync(configPath) ? readFileSync(configPath, 'utf8') : undefined;
  const parsed = text === undefined ? undefined : readConfigText(text, configPath);
  const versions = readdirSync(folder).filter((name) => /^[1-9]\d*$/.test(name));
  const path = join(folder, highestOf(versions) || '1', parsed?.default_model_filename || 'model.onnx');
  if (!existsSync(path)) {
    throw new PerfError('model', `Cannot make variants of '${wanted}': expected an ONNX model at ${path}, got none`);
  }
  return { name: wanted, path, ...(text !== undefined && parsed && { config: { text, parsed } }) };
}
