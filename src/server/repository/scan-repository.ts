import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, PerfError } from '../../core/perf-error.js';
import type { VersionPolicy } from '../../protocol/model-config.js';
import { RefusalError } from '../refusal.js';

/** A model as it lies in a repository. */
export interface ModelDirectory {
  readonly path: string;
  /** Ascending. */
  readonly versions: readonly number[];
  /** The text of `config.pbtxt`, if there is one. */
  readonly configText: string | undefined;
  readonly configPath: string;
  /** Changes when a file of the model does. */
  readonly fingerprint: string;
  /** By version: changes when a file of it does. */
  readonly fingerprints: ReadonlyMap<number, string>;
}

/** Which repositories hold each model; more than one means that none is served. */
export type RepositoryListing = ReadonlyMap<string, readonly string[]>;

/**
 * Lists the model folders of all repositories; hidden entries are left out.
 * Rejects with `PerfError` (`file`) for a repository that cannot be read.
 */
export async function listModels(repositories: readonly string[]): Promise<RepositoryListing> {
  const listing = new Map<string, string[]>();
  for (const repository of repositories) {
    for (const name of await foldersIn(repository, '--model-repository')) {
      if (name.startsWith('.')) continue;
      listing.set(name, [...(listing.get(name) ?? []), join(repository, name)]);
    }
  }
  return new Map([...listing].toSorted(([left], [right]) => (left < right ? -1 : 1)));
}

/**
 * Reads what there is of a model. Rejects with `PerfError` when the folder cannot be read.
 *
 * @param configName `configs/<name>.pbtxt` counts instead of `config.pbtxt` where there is one; '' = never
 */
export async function readModelDirectory(path: string, configName = ''): Promise<ModelDirectory> {
  const named = join(path, 'configs', `${configName}.pbtxt`);
  const isNamed = configName !== '' && (await stat(named).catch(() => undefined))?.isFile() === true;
  const configPath = isNamed ? named : join(path, 'config.pbtxt');
  const folders = await foldersIn(path);
  const versions = folders.filter((name) => /^[1-9]\d{0,14}$/.test(name)).map(Number);
  // Before anything is read: what changes in between then looks like a change at the next look.
  const stamps = [await stampOf(configPath)]; // also says when there is none
  for (const file of await filesIn(path)) stamps.push(await stampOf(join(path, file)));
  const fingerprints = new Map<number, string>();
  for (const version of versions) fingerprints.set(version, await stampsIn(join(path, String(version))));
  stamps.push(...fingerprints.values());
  for (const folder of folders.filter((name) => name === 'initial_state' || name === 'warmup')) {
    stamps.push(await stampsIn(join(path, folder)));
  }
  const configText = await readFile(configPath, 'utf8').catch((error) => {
    if (error.code === 'ENOENT') return undefined;
    throw new PerfError('file', `Cannot read ${configPath}: ${messageOf(error)}`, { cause: error });
  });
  const fingerprint = stamps.join('\n');
  return { path, versions: versions.toSorted((a, b) => a - b), configText, configPath, fingerprint, fingerprints };
}

/** The versions that a policy selects; ascending (model configuration, 8.2). */
export function selectVersions(versions: readonly number[], policy: VersionPolicy | undefined): number[] {
  if (policy?.all !== undefined) return [...versions];
  if (policy?.specific !== undefined) {
    const wanted = new Set(policy.specific.versions);
    return versions.filter((version) => wanted.has(version));
  }
  return versions.slice(-Math.max(1, policy?.latest?.num_versions ?? 1));
}

/**
 * A name becomes a folder name, so it must not lead out of the repository.
 *
 * @throws RefusalError (`invalid-argument`)
 */
export function checkModelName(name: string): void {
  if (name.trim() === '') {
    throw new RefusalError('invalid-argument', 'Model name cannot be empty. Please enter a valid name to deploy.');
  }
  if (/[/\\\0]/.test(name) || name === '.' || name === '..') {
    throw new RefusalError(
      'invalid-argument',
      `Model name ${JSON.stringify(name)} is not valid: it must not contain path traversal characters.`,
    );
  }
}

async function foldersIn(path: string, what = 'the folder'): Promise<string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    const folders: string[] = [];
    for (const entry of entries) {
      const isFolder =
        entry.isDirectory() ||
        (entry.isSymbolicLink() && (await stat(join(path, entry.name)).catch(() => undefined))?.isDirectory() === true);
      if (isFolder) folders.push(entry.name);
    }
    return folders;
  } catch (cause) {
    throw new PerfError('file', `Cannot read ${what} ${path}: expected a folder, got ${messageOf(cause)}`, { cause });
  }
}

/** Beside `config.pbtxt`, labels for example. */
const filesIn = async (path: string): Promise<string[]> =>
  (await readdir(path, { withFileTypes: true })).flatMap((entry) => (entry.isFile() ? [entry.name] : [])).toSorted();

async function stampsIn(folder: string): Promise<string> {
  const stamps: string[] = [];
  for (const file of (await readdir(folder)).toSorted()) stamps.push(await stampOf(join(folder, file)));
  return stamps.join('\n');
}

async function stampOf(path: string): Promise<string> {
  const facts = await stat(path, { bigint: true }).catch(() => undefined);
  return facts === undefined ? `${path} -` : `${path} ${facts.size} ${facts.mtimeNs} ${facts.ino}`;
}
