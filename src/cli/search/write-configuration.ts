import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { lineDifference } from '../../../reports/line-difference.js';
import { PerfError } from '../../core/perf-error.js';
import type { RunSettings } from '../../core/run-settings.js';
import type { Candidate } from '../../core/trial.js';
import { type EditedField, editConfigText } from '../../protocol/edit-config-text.js';
import type { ModelConfig } from '../../protocol/model-config.js';
import { formatModelConfig, parseModelConfig } from '../../protocol/model-config-codec.js';
import type { CommandContext } from '../command-context.js';
import { writeOutput } from '../write-output.js';
import { applyCandidate } from './apply-candidate.js';
import type { SearchServer } from './open-search-server.js';

export interface WriteOptions {
  readonly server: Pick<SearchServer, 'config' | 'modelRepository'>;
  readonly settings: Pick<RunSettings, 'modelName'>;
  readonly wish: { readonly write: 'nothing' | 'show' | 'write' };
  readonly context: Pick<CommandContext, 'print' | 'progress'>;
  /** The text of `config.pbtxt` when the search began. */
  readonly textBefore: string;
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

/**
 * Shows what the configuration of a candidate changes in `config.pbtxt`, and writes it if that is wished: beside the old
 * one, which is kept as `config.pbtxt.bak`, and put in its place as a whole.
 *
 * @throws PerfError `file` when the file cannot be written, or changed while the search ran
 */
export function writeConfiguration(
  candidate: Candidate,
  { server, settings, wish, context, textBefore }: WriteOptions,
): void {
  const { modelRepository, config } = server;
  const wanted = applyCandidate(config, candidate);
  const fields = Object.keys(wanted) as EditedField[];
  const changed = fields.filter((field) => !isDeepStrictEqual(wanted[field], config[field]));
  const { path: file, text: old } = configurationFile(modelRepository, settings.modelName);
  if (old !== textBefore) {
    throw new PerfError('file', `Cannot write ${file}: expected it as it was when the search began, got another text`);
  }
  const text = old === '' ? formatModelConfig(wanted) : editConfigText(old, wanted, changed);
  checkRight(text, wanted, changed);
  context.print(`\n${lineDifference('config.pbtxt', old, text)}`);
  if (wish.write === 'show' || text === old) return;
  if (file === undefined) {
    throw new PerfError(
      'file',
      'Cannot use --write-config: expected a repository of ours, got a server with one of its own',
    );
  }
  if (old !== '') copyFileSync(file, `${file}.bak`);
  writeOutput('--write-config', file, text);
  context.progress.say(`Wrote ${file}${old === '' ? '' : ', and kept the old one beside it as config.pbtxt.bak'}.`);
}

/** What is written must mean what was measured. */
function checkRight(text: string, wanted: ModelConfig, changed: readonly EditedField[]): void {
  const meant = parseModelConfig(text);
  const wrong = changed.find(
    (field) => !isDeepStrictEqual(meant[field], parseModelConfig(formatModelConfig(wanted))[field]),
  );
  if (wrong !== undefined) throw new Error(`the edited configuration has another ${wrong}`);
}
