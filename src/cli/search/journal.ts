import { closeSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { messageOf, PerfError } from '../../core/perf-error.js';
import { candidateKey, type Hopeless, type Trial } from '../../core/trial.js';
import { claimFile } from './claim-file.js';
import type { Look } from './measure-candidate.js';

/** One line of a journal. */
interface JournalRecord {
  readonly format: 'perf-analyze/trial';
  readonly formatVersion: 1;
  /** Of everything but the candidate that decides what a measurement brings. */
  readonly key: string;
  readonly at: string;
  readonly trial: Trial;
}

/** Every trial of a search, one line each, on the disk before the next one begins. */
export interface Journal extends Disposable {
  /** The trials that were measured under the same conditions, in their order. */
  recorded(key: string): readonly Trial[];
  append(key: string, trial: Trial): void;
}

/**
 * Opens a journal, or begins one, for this process alone. A last line that was not completed, since its writer was killed, is dropped.
 *
 * @throws PerfError `file` when it is not a journal, cannot be written, or another process writes it
 */
export function openJournal(file: string): Journal {
  const claim = claimFile(`use --journal ${file}`, file);
  try {
    return openClaimed(file, claim);
  } catch (thrown) {
    claim[Symbol.dispose]();
    throw thrown;
  }
}

function openClaimed(file: string, claim: Disposable): Journal {
  const records = readRecords(file);
  const descriptor = openForAppending(file);
  return {
    recorded: (key) => records.filter((record) => record.key === key).map(({ trial }) => trial),
    append: (key, trial) => {
      const at = new Date().toISOString();
      const record: JournalRecord = { format: 'perf-analyze/trial', formatVersion: 1, key, at, trial };
      appendWhole(descriptor, file, `${JSON.stringify(record)}\n`);
      records.push(record);
    },
    [Symbol.dispose]: () => {
      closeSync(descriptor);
      claim[Symbol.dispose]();
    },
  };
}

/** A disk that is nearly full takes a part of it first. */
function appendWhole(descriptor: number, file: string, line: string): void {
  const bytes = Buffer.from(line);
  try {
    for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written);
    fsyncSync(descriptor);
  } catch (cause) {
    throw unwritable(file, cause);
  }
}

const unwritable = (file: string, cause: unknown): PerfError =>
  new PerfError('file', `Cannot write --journal ${file}: ${messageOf(cause)}`, { cause });

function openForAppending(file: string): number {
  try {
    return openSync(file, 'a');
  } catch (cause) {
    throw unwritable(file, cause);
  }
}

function readRecords(file: string): JournalRecord[] {
  const bytes = readBytes(file);
  const whole = bytes.subarray(0, bytes.lastIndexOf(0x0a) + 1);
  const lines = whole.toString('utf8').split('\n').slice(0, -1);
  const records = lines.map((line, index) => readRecord(file, line, index + 1));
  if (whole.length < bytes.length) truncateSync(file, whole.length);
  return records;
}

function readBytes(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw new PerfError('file', `Cannot read --journal ${file}: ${messageOf(cause)}`, { cause });
  }
}

function readRecord(file: string, line: string, number: number): JournalRecord {
  try {
    const record = JSON.parse(line) as JournalRecord;
    if (record.format === 'perf-analyze/trial' && record.formatVersion === 1) return record;
  } catch {
    // As any other line that is no record.
  }
  throw new PerfError(
    'file',
    `Cannot resume --journal ${file}: expected a trial in line ${number}, got ${line.slice(0, 60)}`,
  );
}

/**
 * A look that asks the journal first: the n-th measurement of a candidate is the n-th that was recorded, and one that is not there
 * is made and recorded. A search that runs again with the same seed therefore goes the same way, and goes on where it ended. A measurement that was cut
 * for the sake of other limits says too little now: it is passed over.
 */
export function journaledMeasure(journal: Journal, key: string, measure: Look): Look {
  const recorded = new Map<string, Trial[]>();
  for (const trial of journal.recorded(key)) {
    const name = candidateKey(trial.candidate);
    recorded.set(name, [...(recorded.get(name) ?? []), trial]);
  }
  return async (candidate, hopeless = {}) => {
    const known = recorded.get(candidateKey(candidate)) ?? [];
    for (let next = known.shift(); next !== undefined; next = known.shift()) {
      if (isEnough(next, hopeless)) return next;
    }
    const trial = await measure(candidate, hopeless);
    journal.append(key, trial);
    return trial;
  };
}

/** Whether it would end as early today. */
function isEnough(trial: Trial, { medianMs = Number.POSITIVE_INFINITY, throughput = 0 }: Hopeless): boolean {
  const cut = trial.ok ? trial.cut : undefined;
  return medianMs <= (cut?.medianMs ?? Number.POSITIVE_INFINITY) && throughput >= (cut?.throughput ?? 0);
}
