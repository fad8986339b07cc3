import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { messageOf } from '../../core/perf-error.js';
import { staysInside } from '../config/read-model-file.js';
import { RefusalError } from '../refusal.js';
import { type ModelDirectory, readModelDirectory } from './scan-repository.js';

/** A model folder made of the files of a load request. Disposal removes it. */
export interface OverrideDirectory extends AsyncDisposable {
  readonly directory: ModelDirectory;
}

/**
 * Writes the files of a load request to a temporary folder. All paths are checked before the first file is written.
 * Rejects with `RefusalError` (`invalid-argument`) for a path that is not one of a file below the folder.
 */
export async function writeOverride(files: ReadonlyMap<string, Uint8Array>): Promise<OverrideDirectory> {
  for (const path of files.keys()) checkPath(path);
  const folder = await mkdtemp(join(tmpdir(), 'perf-analyze-model-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    for (const [path, content] of files) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), content, { flag: 'wx' });
    }
    // The configuration comes in a parameter of its own; a file of that name is not the operator's word.
    const directory = { ...(await readModelDirectory(folder)), configText: undefined };
    return { directory, [Symbol.asyncDispose]: remove };
  } catch (cause) {
    await remove();
    throw new RefusalError('invalid-argument', `cannot write the files of the load request: ${messageOf(cause)}`, {
      cause,
    });
  }
}

function checkPath(path: string): void {
  const isClean = path.split('/').every((part) => part !== '' && part !== '.');
  if (isClean && staysInside(path)) return;
  throw new RefusalError(
    'invalid-argument',
    `load parameter ${JSON.stringify(`file:${path}`)} must name a file that stays inside the model directory`,
  );
}
