import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { formatInferenceMetrics, formatServerMetrics } from '../../../reports/search-csv.js';
import { messageOf, PerfError } from '../../core/perf-error.js';
import type { SearchResult } from '../../core/search-result.js';
import { checkWritable, writeOutput } from '../write-output.js';

/**
 * Makes the folder before anything is measured.
 *
 * @throws PerfError `file` when it cannot be made or written to
 */
export function openResults(flag: string, folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (cause) {
    throw new PerfError('file', `Cannot use ${flag} ${folder}: expected a folder, got ${messageOf(cause)}`, { cause });
  }
  checkWritable(flag, join(folder, 'search.json'));
}

/**
 * Writes the tables of Model Analyzer for all models together, and for each the document and what its best configuration changes: with the name of
 * the model in front when there are several.
 */
export function writeResults(flag: string, folder: string, results: readonly SearchResult[]): void {
  const write = (name: string, text: string): void => writeOutput(flag, join(folder, name), text);
  write('metrics-model-inference.csv', formatInferenceMetrics(results));
  write('metrics-server-only.csv', formatServerMetrics(results));
  for (const result of results) {
    const prefix = results.length === 1 ? '' : `${result.model}-`;
    write(`${prefix}search.json`, `${JSON.stringify(result, null, 2)}\n`);
    if (result.difference !== undefined) write(`${prefix}config.pbtxt.diff`, result.difference);
  }
}
