import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { messageOf, PerfError } from '../../core/perf-error.js';

/** Whether a file that a configuration names lies below the folder that it is meant for. */
export const staysInside = (file: string): boolean =>
  !isAbsolute(file) && !/[\\\0]/.test(file) && !file.split('/').includes('..');

/**
 * Reads a file that a configuration names, in a folder of the model.
 *
 * @param folder the folder that such files lie in
 * @param field of the configuration, for the message
 * Rejects with `PerfError` when the name leads out of the folder, or the file cannot be read.
 */
export async function readModelFile(folder: string, name: string, field: string): Promise<Uint8Array> {
  if (name === '' || !staysInside(name)) {
    throw new PerfError('model', `'${field}' must name a file in ${folder}, got '${name}'`);
  }
  try {
    return await readFile(join(folder, name));
  } catch (cause) {
    throw new PerfError('model', `Cannot read '${field}': ${messageOf(cause)}`, { cause });
  }
}
