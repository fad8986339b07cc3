import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { RefusalError } from '../refusal.js';

/** Where POSIX shared memory lies as files on Linux (`shm_overview(7)`). */
export const sharedMemoryFolder = '/dev/shm';

/** Neither a link out of the folder is followed, nor does a pipe that someone put there hold us up. */
const openFlags = constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Opens the file of a shared-memory object; the file descriptor is the caller's. The key is one name, with slashes only
 * before it, so that it cannot leave the folder.
 *
 * @throws RefusalError when the key is not such a name, or there is no such file that we may read and write
 */
export function openRegionFile(key: string, folder: string): number {
  const name = key.replace(/^\/+/, '');
  const isName = name !== '' && name !== '.' && name !== '..' && !name.includes('/') && !name.includes('\0');
  if (!isName) {
    throw new RefusalError('invalid-argument', `Unable to open shared memory region: '${key}': not a single name`);
  }
  let file: number;
  try {
    file = openSync(join(folder, name), openFlags);
  } catch (cause) {
    throw new RefusalError('invalid-argument', `Unable to open shared memory region: '${key}'`, { cause });
  }
  if (fstatSync(file).isFile()) return file;
  closeSync(file);
  throw new RefusalError('invalid-argument', `Unable to open shared memory region: '${key}'`);
}
