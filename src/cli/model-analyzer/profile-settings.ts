import { readFileSync } from 'node:fs';
import { parseDocument } from 'yaml';
import { messageOf, PerfError } from '../../core/perf-error.js';
import { configKeys, modelKeys, parameterKeys } from './config-keys.js';
import { isMapping, readSettings, type Settings } from './read-settings.js';

/** A model of `profile_models`. */
export interface ModelEntry {
  readonly name: string;
  readonly values: Settings;
  readonly parameters: Settings;
}

/** What a file of Model Analyzer and the flags of `profile` say together; flags take precedence. */
export interface ProfileSettings {
  /** As refusals name it. */
  readonly file: string;
  readonly values: Settings;
  readonly models: readonly ModelEntry[];
  /** Keys that are there but change nothing, by the reason. */
  readonly unused: ReadonlyMap<string, readonly string[]>;
}

/**
 * Reads the file, if there is one, and puts the flags on top.
 *
 * @param flags by key, with underscores
 * @throws PerfError `file` when the file cannot be read, `usage` for what is no setting of Model Analyzer
 */
export function profileSettings(path: string | undefined, flags: Readonly<Record<string, unknown>>): ProfileSettings {
  const file = path ?? 'the flags of profile';
  const inFile = path === undefined ? {} : readSettings(parseFile(path), fileKeys, originOf(path, ''));
  const given = readSettings(flags, configKeys, {
    deed: 'use flags of profile',
    nameOf: (key) => `--${key.replaceAll('_', '-')}`,
  });
  if (inFile['profile_models'] !== undefined && given['profile_models'] !== undefined) {
    throw new PerfError('usage', `Cannot use --profile-models: expected them there or in ${file}, got both`);
  }
  const values = { ...inFile, ...given };
  const models = modelsOf(values['profile_models'], file);
  return { file, values, models, unused: unusedOf(values, models) };
}

const fileKeys = Object.fromEntries(Object.entries(configKeys).filter(([, { only }]) => only !== 'flag'));

const originOf = (file: string, path: string) => ({
  deed: `read ${file}`,
  nameOf: (key: string) => [path, key].filter((part) => part !== '').join('.') || 'the document',
});

function parseFile(path: string): unknown {
  try {
    const document = parseDocument(readFileSync(path, 'utf8'), { prettyErrors: true });
    const [error] = document.errors;
    if (error !== undefined) throw new Error(error.message.split('\n')[0]?.replace(/:$/, ''));
    return document.toJS() ?? {};
  } catch (cause) {
    throw new PerfError('file', `Cannot read ${path}: expected YAML, got ${messageOf(cause)}`, { cause });
  }
}

/** Names, a mapping of names to what is asked of them, or a list of both. */
function modelsOf(given: unknown, file: string): ModelEntry[] {
  const list = typeof given === 'string' ? given.split(',').map((name) => name.trim()) : [given ?? []].flat();
  const entries = list.flatMap((each): [string, unknown][] => {
    if (typeof each === 'string' && each !== '') return [[each, {}]];
    if (isMapping(each)) return Object.entries(each).map(([name, spec]) => [name, spec ?? {}]);
    throw new PerfError(
      'usage',
      `Cannot read ${file}: expected names of models at profile_models, got ${JSON.stringify(each)}`,
    );
  });
  const names = entries.map(([name]) => name);
  if (entries.length === 0 || new Set(names).size < names.length) {
    throw new PerfError(
      'usage',
      `Cannot read ${file}: expected profile_models with each name once, got ${names.join(', ') || 'none'}`,
    );
  }
  return entries.map(([name, spec]) => modelEntry(name, spec, file));
}

function modelEntry(name: string, spec: unknown, file: string): ModelEntry {
  const place = `profile_models.${name}`;
  const values = readSettings(spec, modelKeys, originOf(file, place));
  const parameters = readSettings(values['parameters'] ?? {}, parameterKeys, originOf(file, `${place}.parameters`));
  return { name, values, parameters };
}

function unusedOf(values: Settings, models: readonly ModelEntry[]): Map<string, readonly string[]> {
  const byReason = new Map<string, readonly string[]>();
  const add = (keys: typeof configKeys, given: Settings): void => {
    for (const key of Object.keys(given)) {
      const reason = keys[key]?.unused;
      if (reason === undefined) continue;
      byReason.set(reason, [...new Set([...(byReason.get(reason) ?? []), key])]);
    }
  };
  add(configKeys, values);
  for (const model of models) add(modelKeys, model.values);
  return byReason;
}
