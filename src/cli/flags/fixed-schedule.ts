import { readFileSync } from 'node:fs';
import { messageOf, PerfError } from '../../core/perf-error.js';
import { isJsonObject, shown } from '../../protocol/json.js';

/**
 * The times of `--fixed-schedule`: the `timestamp`, in ms since the start, of every step of the JSON files of
 * `--input-data`, in their order. It is a number, or, as perf_analyzer writes every member of a step, a list of one.
 *
 * @throws PerfError `file` that names file and step, `usage` without a file
 */
export function readTimestamps(files: readonly string[]): number[] {
  if (files.length === 0 || files.some((file) => !file.endsWith('.json'))) {
    throw new PerfError(
      'usage',
      `Cannot use --fixed-schedule: expected --input-data FILE.json with timestamps, got ${files.join(', ') || 'none'}`,
    );
  }
  let last = 0;
  return files.flatMap((file) =>
    stepsOf(file).map((step, index) => {
      const given = isJsonObject(step) ? step['timestamp'] : undefined;
      const at: unknown = Array.isArray(given) && given.length === 1 ? given[0] : given;
      if (typeof at !== 'number' || !Number.isSafeInteger(at) || at < last) {
        throw new PerfError(
          'file',
          `Cannot use --fixed-schedule with ${file}, step ${index}: expected a timestamp in whole ms, not before the last one (${last}), got ${shown(given)}`,
        );
      }
      last = at;
      return at;
    }),
  );
}

/** Of all streams, one behind the other, as the requests are. */
function stepsOf(file: string): unknown[] {
  try {
    const document: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const data = isJsonObject(document) ? document['data'] : undefined;
    return Array.isArray(data) ? data.flat() : [];
  } catch (cause) {
    throw new PerfError('file', `Cannot read --input-data ${file}: expected JSON, got ${messageOf(cause)}`, { cause });
  }
}
