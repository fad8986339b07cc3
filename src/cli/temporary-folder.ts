import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasEnded, processMark } from './process-mark.js';

/** A folder of ours in the system's place for temporary files; removed with all in it when disposed. */
export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
}

/** Makes a folder that says whose it is. Those whose owner was killed before it could remove them are removed first. */
export async function temporaryFolder(purpose: 'search' | 'variants'): Promise<TemporaryFolder> {
  await removeAbandoned();
  const path = await mkdtemp(join(tmpdir(), `perf-analyze-${purpose}-${processMark(process.pid)}-`));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

const owned = /^perf-analyze-(?:search|variants)-([\da-f]{12}-\d+-\d+)-\w{6}$/;

/** What cannot be removed, such as the folder of another user, stays. */
async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(tmpdir()).catch(() => [])) {
    const [, mark] = owned.exec(name) ?? [];
    if (mark === undefined || !hasEnded(mark)) continue;
    const path = join(tmpdir(), name);
    const isFolder = await lstat(path).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (isFolder) await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}
