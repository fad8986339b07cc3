import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { messageOf, PerfError } from '../../core/perf-error.js';
import { hasEnded, processMark } from '../process-mark.js';

/**
 * Claims a file for this process until it is disposed, by a file beside it that names the process. A claim of a process that has ended is none.
 *
 * @param purpose what cannot be done without the file, for messages
 * @throws PerfError `file` when another process has it, or nothing can be written there
 */
export function claimFile(purpose: string, file: string): Disposable {
  const claim = `${file}.lock`;
  const holder = holderOf(claim);
  if (holder !== undefined) {
    if (!hasEnded(holder)) throw claimed(purpose, claim);
    rmSync(claim, { force: true });
  }
  try {
    writeFileSync(claim, processMark(process.pid), { flag: 'wx' });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') throw claimed(purpose, claim);
    throw new PerfError('file', `Cannot ${purpose}: ${messageOf(cause)}`, { cause });
  }
  return { [Symbol.dispose]: () => rmSync(claim, { force: true }) };
}

function holderOf(claim: string): string | undefined {
  try {
    return readFileSync(claim, 'utf8');
  } catch {
    return undefined;
  }
}

const claimed = (purpose: string, claim: string): PerfError =>
  new PerfError('file', `Cannot ${purpose}: expected no other search there, got one that runs`, {
    hint: `If none runs, on this or another machine, delete ${claim}.`,
  });
