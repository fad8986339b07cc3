import { createHash } from 'node:crypto';
import { closeSync, fstatSync, fsyncSync, mkdirSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { historyEntry } from '../../../analyzer/history/history-entry.js';
import { describeModels } from '../../../reports/describe-run.js';
import { formatJson } from '../../../reports/json.js';
import type { HistoryEntry } from '../../core/history.js';
import { messageOf, PerfError } from '../../core/perf-error.js';
import type { Run } from '../../core/run.js';
import { writeOutput } from '../write-output.js';

const linesOf = (store: string): string => join(store, 'runs.jsonl');

/** Entries of a store, and what could not be read of it, one sentence each. */
export interface StoredHistory {
  readonly entries: readonly HistoryEntry[];
  readonly remarks: readonly string[];
}

/**
 * Keeps a run: its document as `runs/TIME-DIGEST.json`, then a line in `runs.jsonl`. Several processes may do so at once: a document is
 * named by its content, and a line is one write at the end of the file, which the system does as a whole on a local disk.
 *
 * @returns the entry, or `undefined` when the store has the run already
 * @throws PerfError `file`
 */
export function addRun(store: string, run: Run, label: string | undefined): HistoryEntry | undefined {
  const text = formatJson(run);
  const digest = createHash('sha256').update(text).digest('hex');
  if (readStore(store).entries.some((entry) => entry.digest === digest)) return undefined;
  const file = `runs/${run.startedAt.replaceAll(':', '')}-${digest.slice(0, 12)}.json`;
  makeFolder(join(store, 'runs'));
  writeOutput('--store', join(store, file), text);
  const entry = historyEntry(run, { digest, file, title: describeModels(run), label });
  appendLine(linesOf(store), JSON.stringify(entry));
  return entry;
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (cause) {
    throw new PerfError('file', `Cannot write --store ${folder}: expected a folder, got ${messageOf(cause)}`, {
      cause,
    });
  }
}

function appendLine(file: string, line: string): void {
  try {
    const descriptor = openSync(file, 'a+');
    try {
      // A line that its writer could not finish is closed, so that it spoils no other.
      const bytes = Buffer.from(`${endsLine(descriptor) ? '' : '\n'}${line}\n`);
      const written = writeSync(descriptor, bytes);
      if (written < bytes.length) throw new Error(`only ${written} of ${bytes.length} bytes were written`);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (cause) {
    throw new PerfError('file', `Cannot write --store ${file}: ${messageOf(cause)}`, { cause });
  }
}

function endsLine(descriptor: number): boolean {
  const { size } = fstatSync(descriptor);
  const last = Buffer.alloc(1);
  return size === 0 || (readSync(descriptor, last, 0, 1, size - 1) === 1 && last[0] === 0x0a);
}

/**
 * All runs of a store; none when there is no store yet. What comes behind the last line end is being written, or never was to its end.
 *
 * @throws PerfError `file` when it cannot be read, or a line is of another format
 */
export function readStore(store: string): StoredHistory {
  const lines = readText(linesOf(store)).split('\n').slice(0, -1);
  const entries: HistoryEntry[] = [];
  const remarks: string[] = [];
  for (const [index, line] of lines.entries()) {
    if (line === '') continue;
    const entry = parse(line);
    if (entry === undefined) remarks.push(`Line ${index + 1} of ${linesOf(store)} is not complete and left out.`);
    else if (isEntry(entry)) entries.push(entry);
    else
      throw new PerfError(
        'file',
        `Cannot read --store ${store}: expected a run in line ${index + 1}, got ${start(line)}`,
      );
  }
  return { entries, remarks };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw new PerfError('file', `Cannot read --store ${file}: ${messageOf(cause)}`, { cause });
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

const isEntry = (value: unknown): value is HistoryEntry => {
  const { format, formatVersion } = (value ?? {}) as Partial<HistoryEntry>;
  return format === 'perf-analyze/history-entry' && formatVersion === 1;
};

const start = (line: string): string => (line.length > 60 ? `${line.slice(0, 60)}...` : line);
