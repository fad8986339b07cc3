import { accessSync, constants, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { messageOf, PerfError } from '../core/perf-error.js';

/**
 * Checks before the first request that a file can be written later: a run must not be lost to a misspelt folder.
 *
 * @throws PerfError `file`
 */
export function checkWritable(flag: string, file: string): void {
  const folder = dirname(resolve(file));
  const target = statSync(file, { throwIfNoEntry: false });
  if (target?.isDirectory()) throw new PerfError('file', `Cannot write ${flag} ${file}: expected a file, got a folder`);
  try {
    accessSync(target === undefined ? folder : file, constants.W_OK);
    if (target === undefined || target.isFile()) accessSync(folder, constants.W_OK);
  } catch (cause) {
    throw new PerfError(
      'file',
      `Cannot write ${flag} ${file}: expected a folder that can be written, got ${messageOf(cause)}`,
      {
        cause,
      },
    );
  }
}

/**
 * Writes a file as a whole or not at all, replacing what was there. A link is followed; what is no regular file, such as
 * a pipe or a device, is written to as it is.
 *
 * @throws PerfError `file`
 */
export function writeOutput(flag: string, file: string, text: string): void {
  try {
    const existing = statSync(file, { throwIfNoEntry: false });
    if (existing !== undefined && !existing.isFile()) writeFileSync(file, text);
    else replaceFile(existing === undefined ? file : realpathSync(file), text);
  } catch (cause) {
    throw new PerfError('file', `Cannot write ${flag} ${file}: ${messageOf(cause)}`, { cause });
  }
}

function replaceFile(file: string, text: string): void {
  const partial = `${file}.${process.pid}.partial`;
  try {
    writeFileSync(partial, text);
    renameSync(partial, file);
  } catch (cause) {
    rmSync(partial, { force: true });
    throw cause;
  }
}
