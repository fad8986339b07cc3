import { constants, openSync, writeSync } from 'node:fs';
import type { TerminalFile } from './screen.js';

/** The terminal behind a file descriptor. */
export function openTerminal(fd: number): TerminalFile {
  const own = openNonBlocking(fd);
  return {
    writeSome: (bytes) => {
      try {
        return writeSync(own, bytes);
      } catch (error) {
        // One that is gone takes everything: nobody looks at it.
        return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? 0 : bytes.length;
      }
    },
    writeAll: (bytes) => {
      try {
        for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes.subarray(at));
      } catch {
        // It is gone, so that there is nothing to put back.
      }
    },
  };
}

/** Opened a second time: whether writing waits is a property of the open file, which others share. */
function openNonBlocking(fd: number): number {
  try {
    return openSync(`/dev/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return fd;
  }
}
