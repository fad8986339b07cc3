import { appendFileSync } from 'node:fs';
import { messageOf, PerfError } from '../../core/perf-error.js';

/**
 * Appends lines to a file. It is opened anew for each, so that it can be moved away while the server runs; a line that cannot
 * be written is lost.
 *
 * @throws PerfError `file` when it cannot be written now
 */
export function logFile(path: string): (line: string) => void {
  try {
    appendFileSync(path, '');
  } catch (cause) {
    throw new PerfError(
      'file',
      `Cannot use --log-file ${path}: expected a file that can be written, got ${messageOf(cause)}`,
      {
        cause,
      },
    );
  }
  return (line) => {
    try {
      appendFileSync(path, `${line}\n`);
    } catch {
      // There is no other place to tell it.
    }
  };
}
