import { readFileSync } from 'node:fs';
import { messageOf, PerfError } from '../../core/perf-error.js';

/**
 * Reads `--request-intervals FILE`: one whole number of microseconds a line; empty lines at the end do not count.
 *
 * @throws PerfError `file` when it cannot be read, `usage` for a line that is no such number
 */
export function readRequestIntervals(flag: string, file: string): number[] {
  const lines = textOf(flag, file).trimEnd().split(/\r?\n/);
  const intervals = lines.map((line, index) => {
    if (!/^\s*\d{1,15}\s*$/.test(line)) {
      throw new PerfError(
        'usage',
        `Cannot use ${flag} ${file}: expected a whole number of microseconds in line ${index + 1}, got '${line}'`,
      );
    }
    return Number(line);
  });
  if (intervals.every((interval) => interval === 0)) {
    throw new PerfError('usage', `Cannot use ${flag} ${file}: expected an interval above 0, got none`);
  }
  return intervals;
}

function textOf(flag: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new PerfError('file', `Cannot use ${flag} ${file}: expected a readable file, got ${messageOf(cause)}`, {
      cause,
    });
  }
}
