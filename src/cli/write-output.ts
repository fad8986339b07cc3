import { accessSync, constants, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
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
 * Checks that no two outputs would replace one another.
 *
 * @param outputs by flag
 * @throws PerfError `usage`
 */
export function checkDistinct(outputs: Readonly<Record<string, string | undefined>>): void {
  const taken = new Map<string, readonly [flag: string, file: string]>();
  for (const [flag, file] of Object.entries(outputs)) {
    if (file === undefined || isSpecial(file)) continue;
    const real = realPath(file);
    const [other, otherFile] = taken.get(real) ?? [];
    taken.set(real, [flag, file]);
    if (other === undefined) continue;
    const got = otherFile === file ? `'${file}' twice` : `'${otherFile}' and '${file}', which are one`;
    throw new PerfError('usage', `Cannot use ${other} and ${flag} together: expected two files, got ${got}`);
  }
}

/** A pipe or a device: what is written to it is not kept there. */
function isSpecial(file: string): boolean {
  const target = statSync(file, { throwIfNoEntry: false });
  return target !== undefined && !target.isFile() && !target.isDirectory();
}

/** Without links, as far as it is there. */
function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    const folder = dirname(resolve(file));
    return folder === resolve(file) ? folder : join(realPath(folder), basename(file));
  }
}

/** Where an output is written until it is whole. */
export interface Destination {
  readonly path: string;
  /** A pipe or a device, which is written to as it is: opening it may take until somebody reads. */
  readonly isSpecial: boolean;
  /** Puts it in its place. */
  finish(): void;
  /** Leaves nothing of it. */
  discard(): void;
}

/**
 * A file beside the one that it is to replace at the end. A link is followed; what is no regular file, such as a pipe or a
 * device, is written to as it is.
 */
export function destinationOf(file: string): Destination {
  if (isSpecial(file)) {
    return { path: file, isSpecial: true, finish: () => undefined, discard: () => undefined };
  }
  const real = realPath(file);
  const partial = `${real}.${process.pid}.partial`;
  return {
    path: partial,
    isSpecial: false,
    finish: () => renameSync(partial, real),
    discard: () => rmSync(partial, { force: true }),
  };
}

/**
 * Writes a file as a whole or not at all, replacing what was there, as `destinationOf` says.
 *
 * @throws PerfError `file`
 */
export function writeOutput(flag: string, file: string, content: string | Uint8Array): void {
  try {
    writeTo(destinationOf(file), content);
  } catch (cause) {
    throw new PerfError(
      'file',
      `Cannot write ${flag} ${file}: expected room and leave to write, got ${messageOf(cause)}`,
      {
        cause,
      },
    );
  }
}

function writeTo(destination: Destination, content: string | Uint8Array): void {
  try {
    if (destination.isSpecial) endedBySignals(() => writeFileSync(destination.path, content));
    else writeFileSync(destination.path, content);
    destination.finish();
  } catch (cause) {
    destination.discard();
    throw cause;
  }
}

/**
 * A pipe may have no reader, or one that does not read, and holds up whoever writes for good. No listener is called meanwhile, so signals end the
 * process themselves. (Writing in a thread of Node's would not help: the process waits for such threads when it exits.)
 */
function endedBySignals(write: () => void): void {
  const taken = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((name) => ({
    name,
    listeners: process.listeners(name),
  }));
  for (const { name } of taken) process.removeAllListeners(name);
  try {
    write();
  } finally {
    for (const { name, listeners } of taken) for (const listener of listeners) process.on(name, listener);
  }
}
