import { closeSync, ftruncateSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, PerfError } from '../../src/core/perf-error.js';

/** Where POSIX shared memory lies as files on Linux (`shm_overview(7)`). */
const sharedMemoryFolder = '/dev/shm';

/** The memory of an object that this process has open. */
export interface SharedBytes {
  write(offset: number, data: Uint8Array): void;
  read(offset: number, byteSize: number): Buffer;
}

/** A POSIX shared-memory object of ours. Disposal removes it and lets go of its memory. */
export interface SharedObject extends SharedBytes, Disposable {
  /** As servers open it. */
  readonly key: string;
  /** The descriptor of its file, for `sharedBytes` on any thread. */
  readonly file: number;
  /** Takes the name away; whoever has it open keeps the memory. */
  unlink(): void;
}

const fillBytes = 1024 * 1024;

/**
 * Creates an object of that size, all of its memory taken: a server that writes into memory which is not there would be
 * killed.
 *
 * @throws PerfError `file` when there is no shared-memory folder, or no room in it
 */
export function createSharedObject(name: string, byteSize: number, folder = sharedMemoryFolder): SharedObject {
  const path = join(folder, name);
  let file: number;
  try {
    file = openSync(path, 'wx+', 0o600);
  } catch (cause) {
    throw noMemory(folder, byteSize, cause);
  }
  const unlink = (): void => rmSync(path, { force: true });
  const object: SharedObject = {
    ...sharedBytes(file),
    key: `/${name}`,
    file,
    unlink,
    [Symbol.dispose]: () => {
      unlink();
      closeSync(file);
    },
  };
  try {
    ftruncateSync(file, byteSize);
    const filling = Buffer.alloc(Math.min(fillBytes, byteSize), unwritten);
    for (let offset = 0; offset < byteSize; offset += filling.length) {
      writeWhole(file, filling.subarray(0, byteSize - offset), offset);
    }
  } catch (cause) {
    object[Symbol.dispose]();
    throw noMemory(folder, byteSize, cause);
  }
  return object;
}

/** The memory of an object, by the descriptor of its file. */
export const sharedBytes = (file: number): SharedBytes => ({
  write: (offset, data) => void writeWhole(file, data, offset),
  read: (offset, byteSize) => {
    const data = Buffer.alloc(byteSize);
    readSync(file, data, 0, byteSize, offset);
    return data;
  },
});

/** What memory holds that no server has written to. */
export const unwritten = 0xff;

function writeWhole(file: number, data: Uint8Array, offset: number): void {
  for (let done = 0; done < data.length; ) {
    done += writeSync(file, data, done, data.length - done, offset + done);
  }
}

function noMemory(folder: string, byteSize: number, cause: unknown): PerfError {
  return new PerfError(
    'file',
    `Cannot use --shared-memory system: expected room for ${byteSize} bytes in ${folder}, got ${messageOf(cause)}`,
    {
      cause,
      hint: 'POSIX shared memory lies there on Linux; in a container its size is a setting (docker: --shm-size).',
    },
  );
}
