import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';

/** A POSIX shared-memory object of a test's own, removed when it goes out of scope. */
export interface SharedMemoryObject extends Disposable {
  readonly key: string;
  content(): Buffer;
}

export function sharedMemoryObject(content: Uint8Array): SharedMemoryObject {
  const key = `/perf-analyze-test-${randomUUID()}`;
  const path = `/dev/shm${key}`;
  writeFileSync(path, content, { flag: 'wx' });
  return { key, content: () => readFileSync(path), [Symbol.dispose]: () => rmSync(path, { force: true }) };
}
