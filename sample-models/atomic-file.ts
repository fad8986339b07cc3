import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** A temporary file of ours: the file it becomes, the machine and the process that write it. */
const temporaryName = /^\..+\.(?<host>[^.]+)\.(?<pid>\d+)\.[0-9a-f]{8}\.tmp$/;

/** Nobody writes that long: older temporary files are stale even when their process id is in use, or on another machine. */
const longestWriteMs = 3600e3;

/** Temporary files of this process: a user who does not want to wait ends it in the middle. */
const unfinished = new Set<string>();
process.once('exit', () => {
  for (const temporary of unfinished) rmSync(temporary, { force: true });
});

/**
 * Writes a file that is there whole or not at all, also when the machine goes down meanwhile. Several processes may
 * write the same file at the same time: the last one wins.
 *
 * @param chunks the content; when it throws, the temporary file is removed and the file left as it was
 */
export async function writeFileAtomically(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const temporary = join(dirname(path), temporaryNameOf(basename(path)));
  unfinished.add(temporary);
  try {
    await writeAndSync(temporary, chunks);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    unfinished.delete(temporary);
  }
  await syncDirectory(dirname(path));
}

/** Removes what processes that were killed left in a directory. */
export async function sweepTemporaryFiles(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    if (await isStale(path)) await rm(path, { force: true });
  }
}

async function writeAndSync(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await writeFile(file, chunks);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes a rename last when the machine goes down; not every platform and file system can. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r').catch(() => undefined);
  await directory?.sync().catch(() => {});
  await directory?.close();
}

function temporaryNameOf(name: string): string {
  return `.${name}.${host()}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
}

async function isStale(path: string): Promise<boolean> {
  const groups = temporaryName.exec(basename(path))?.groups;
  if (groups === undefined) return false;
  if (groups['host'] === host() && !isRunning(Number(groups['pid']))) return true;
  const found = await stat(path).catch(() => undefined); // gone meanwhile: its writer is done
  return found !== undefined && Date.now() - found.mtimeMs > longestWriteMs;
}

/** Containers that share a cache have process ids of their own, and as a rule a host name of their own. */
function host(): string {
  return hostname().replaceAll(/[^A-Za-z0-9-]/g, '-');
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
