import { copyFileSync, createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { lineDifference } from '../../../reports/line-difference.js';
import { writeFileAtomically } from '../../../sample-models/atomic-file.js';
import { messageOf, PerfError } from '../../core/perf-error.js';
import type { Candidate } from '../../core/trial.js';
import { type EditedField, editConfigText } from '../../protocol/edit-config-text.js';
import type { ModelConfig } from '../../protocol/model-config.js';
import { formatModelConfig, parseModelConfig } from '../../protocol/model-config-codec.js';
import type { CommandContext } from '../command-context.js';
import { writeOutput } from '../write-output.js';
import { applyCandidate } from './apply-candidate.js';
import type { SearchServer } from './open-search-server.js';

export interface WriteOptions {
  /** Otherwise it is only shown. */
  readonly isWished: boolean;
  readonly context: Pick<CommandContext, 'print' | 'progress'>;
}

/** The file of a model's configuration, and its text, empty when it is not there. */
export function configurationFile(
  modelRepository: string | undefined,
  modelName: string,
): { path?: string; text: string } {
  if (modelRepository === undefined) return { text: '' };
  const path = join(modelRepository, modelName, 'config.pbtxt');
  return { path, text: existsSync(path) ? readFileSync(path, 'utf8') : '' };
}

/** What a candidate makes of a model's configuration file. */
export interface ConfigurationChange {
  /** Absent for a server with a repository of its own. */
  readonly file?: string;
  readonly before: string;
  readonly after: string;
  /** Line by line. */
  readonly difference: string;
  /** A file that the change needs beside the model, and where it lies now. */
  readonly modelFile?: { readonly path: string; readonly to: string };
}

/** @param before the text of the file, empty when it is not there */
export function configurationChange(
  candidate: Candidate,
  { modelRepository, config, precisions }: Pick<SearchServer, 'config' | 'modelRepository' | 'precisions'>,
  { modelName, before }: { readonly modelName: string; readonly before: string },
): ConfigurationChange {
  const wanted = applyCandidate(config, candidate);
  const fields = Object.keys(wanted) as EditedField[];
  const changed = fields.filter((field) => !isDeepStrictEqual(wanted[field], config[field]));
  const after = before === '' ? formatModelConfig(wanted) : editConfigText(before, wanted, changed);
  checkRight(after, wanted, changed);
  const { path: file } = configurationFile(modelRepository, modelName);
  const shown = before === '' ? formatModelConfig(config) : before;
  const difference = lineDifference('config.pbtxt', shown, after);
  const variant = precisions?.fileOf(candidate);
  return {
    ...(file === undefined ? {} : { file }),
    before,
    after,
    difference,
    ...(file === undefined || variant === undefined
      ? {}
      : { modelFile: { path: variant.path, to: join(dirname(file), variant.place) } }),
  };
}

/**
 * Shows a change of `config.pbtxt`, and writes it if that is wished: beside the old one, which is kept as `config.pbtxt.bak`, and put in its
 * place as a whole.
 *
 * @throws PerfError `file` when the file cannot be written, or changed while the search ran
 */
export async function writeConfiguration(
  { file, before, after, difference, modelFile }: ConfigurationChange,
  { isWished, context }: WriteOptions,
): Promise<void> {
  const now = file !== undefined && existsSync(file) ? readFileSync(file, 'utf8') : '';
  if (now !== before) {
    throw new PerfError('file', `Cannot write ${file}: expected it as it was when the search began, got another text`);
  }
  context.print(`\n${difference}`);
  if (modelFile !== undefined) context.print(`New file: ${modelFile.to}, ${statSync(modelFile.path).size} bytes\n`);
  if (!isWished || after === before) return;
  if (file === undefined) {
    throw new PerfError(
      'file',
      'Cannot use --write-config: expected a repository of ours, got a server with one of its own',
    );
  }
  if (modelFile !== undefined) await placeModel(modelFile);
  if (before !== '') copyFileSync(file, `${file}.bak`);
  writeOutput('--write-config', file, after);
  context.progress.say(`Wrote ${file}${before === '' ? '' : ', and kept the old one beside it as config.pbtxt.bak'}.`);
}

/** Before the configuration that names it, so that there is no moment without the file. */
async function placeModel({ path, to }: NonNullable<ConfigurationChange['modelFile']>): Promise<void> {
  try {
    await writeFileAtomically(to, createReadStream(path));
  } catch (cause) {
    throw new PerfError('file', `Cannot write --write-config ${to}: ${messageOf(cause)}`, { cause });
  }
}

/** What is written must mean what was measured. */
function checkRight(text: string, wanted: ModelConfig, changed: readonly EditedField[]): void {
  const meant = parseModelConfig(text);
  const wrong = changed.find(
    (field) => !isDeepStrictEqual(meant[field], parseModelConfig(formatModelConfig(wanted))[field]),
  );
  if (wrong !== undefined) throw new Error(`the edited configuration has another ${wrong}`);
}
