import { copyFileSync, createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { lineDifference } from '../../../reports/line-difference.js';
import { writeFileAtomically } from '../../../sample-models/atomic-file.js';
import { messageOf, PerfError } from '../../core/perf-error.js';
import type { Candidate } from '../../core/trial.js';
import { dataFileOf } from '../../onnx/encode-files.js';
import { type EditedField, editConfigText } from '../../protocol/edit-config-text.js';
import type { ModelConfig } from '../../protocol/model-config.js';
import { formatModelConfig, parseModelConfig } from '../../protocol/model-config-codec.js';
import type { CommandContext } from '../command-context.js';
import { checkWritable, writeOutput } from '../write-output.js';
import { applyCandidate } from './apply-candidate.js';
import type { SearchServer } from './open-search-server.js';

export interface WriteOptions {
  /** Otherwise it is only shown. */
  readonly isWished: boolean;
  /** What surely breaks a limit is only shown, too. */
  readonly breaksLimit?: boolean;
  readonly context: Pick<CommandContext, 'print' | 'progress'>;
}

/** The file of a model's configuration, and its text, empty when it is not there. */
function configurationFile(modelRepository: string | undefined, modelName: string): { path?: string; text: string } {
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

/**
 * What candidates make of the files of the searched model and of those within it, of which only those that change are told; when none does, that of
 * the searched model is.
 */
export function configurationChanges(
  server: ChangedServer & Pick<SearchServer, 'composing'>,
  modelName: string,
): (candidate: Candidate) => ConfigurationChange[] {
  const { modelRepository, composing } = server;
  const textOf = (name: string): string => configurationFile(modelRepository, name).text;
  const own = { server, model: { modelName, before: textOf(modelName) } };
  const within = [...composing].map(([name, config]) => ({
    server: { config, modelRepository, precisions: undefined },
    model: { modelName: name, before: textOf(name), isWithin: true },
  }));
  return (candidate) => {
    const changed = [own, ...within].filter(({ server: { config }, model: { modelName: name, isWithin } }: Changed) => {
      const wanted = applyCandidate(config, candidate, isWithin === true ? name : undefined);
      return !isDeepStrictEqual(wanted, config);
    });
    const told = changed.length === 0 ? [own] : changed;
    return told.map(({ server: place, model }) => configurationChange(candidate, place, model));
  };
}

interface Changed {
  readonly server: ChangedServer;
  readonly model: ChangedModel;
}

type ChangedServer = Pick<SearchServer, 'config' | 'modelRepository' | 'precisions'>;

interface ChangedModel {
  readonly modelName: string;
  /** The text of its file, empty when it is not there. */
  readonly before: string;
  /** Whether it is not the searched model but one within it. */
  readonly isWithin?: boolean;
}

export function configurationChange(
  candidate: Candidate,
  { modelRepository, config, precisions }: ChangedServer,
  { modelName, before, isWithin = false }: ChangedModel,
): ConfigurationChange {
  const wanted = applyCandidate(config, candidate, isWithin ? modelName : undefined);
  const fields = Object.keys(wanted) as EditedField[];
  const changed = fields.filter((field) => !isDeepStrictEqual(wanted[field], config[field]));
  const after = before === '' ? formatModelConfig(wanted) : editConfigText(before, wanted, changed);
  checkRight(after, wanted, changed);
  const { path: file } = configurationFile(modelRepository, modelName);
  const shown = before === '' ? formatModelConfig(config) : before;
  const difference = lineDifference(isWithin ? `${modelName}/config.pbtxt` : 'config.pbtxt', shown, after);
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
 * Checks before the first measurement that what is found can be written into the repository.
 *
 * @throws PerfError `file` when it cannot
 */
export function checkConfigurationsWritable(
  { modelRepository, composing }: Pick<SearchServer, 'modelRepository' | 'composing'>,
  modelName: string,
): void {
  if (modelRepository === undefined) return;
  for (const name of [modelName, ...composing.keys()]) {
    checkWritable('--write-config', join(modelRepository, name, 'config.pbtxt'));
  }
}

/**
 * Shows the changes of configurations, and writes them if that is wished: each beside the old file, which is kept as `config.pbtxt.bak`, and put
 * in its place as a whole.
 *
 * @throws PerfError `file` when a file cannot be written, or one of them changed while the search ran, so that none is written
 */
export async function writeConfigurations(
  changes: readonly ConfigurationChange[],
  options: WriteOptions,
): Promise<void> {
  for (const { file, before } of changes) {
    const now = file !== undefined && existsSync(file) ? readFileSync(file, 'utf8') : '';
    if (now === before) continue;
    throw new PerfError('file', `Cannot write ${file}: expected it as it was when the search began, got another text`);
  }
  for (const change of changes) await writeConfiguration(change, options);
}

async function writeConfiguration(
  { file, before, after, difference, modelFile }: ConfigurationChange,
  { isWished, breaksLimit = false, context }: WriteOptions,
): Promise<void> {
  context.print(`\n${difference}`);
  if (modelFile !== undefined) context.print(`New file: ${modelFile.to}, ${statSync(modelFile.path).size} bytes\n`);
  if (!isWished || after === before || file === undefined) return;
  if (breaksLimit) {
    context.progress.say(`Did not write ${file}: the best that was found breaks a limit.`);
    return;
  }
  if (modelFile !== undefined) await placeModel(modelFile);
  if (before !== '') copyFileSync(file, `${file}.bak`);
  writeOutput('--write-config', file, after);
  context.progress.say(`Wrote ${file}${before === '' ? '' : ', and kept the old one beside it as config.pbtxt.bak'}.`);
}

/** Before the configuration that names it, so that there is no moment without the file. */
async function placeModel({ path, to }: NonNullable<ConfigurationChange['modelFile']>): Promise<void> {
  try {
    const data = dataFileOf(path);
    if (existsSync(data)) await writeFileAtomically(dataFileOf(to), createReadStream(data));
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
