import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { messageOf, PerfError } from '../core/perf-error.js';
import type { Run } from '../core/run.js';

const schemaFile = new URL('../../../reports/schema/run.schema.json', import.meta.url);

/** Reads runs that `--json` wrote. */
export interface RunReader {
  /** @throws PerfError `file` for what is no run of this format */
  read(file: string): Run;
}

export function createRunReader(): RunReader {
  const schema: object = JSON.parse(readFileSync(schemaFile, 'utf8'));
  const isTime = (text: string): boolean => !Number.isNaN(Date.parse(text));
  const isRun = new Ajv2020({ formats: { 'date-time': isTime } }).compile<Run>(schema);
  return { read: (file) => readRun(file, isRun) };
}

function readRun(file: string, isRun: ValidateFunction<Run>): Run {
  const document = parse(file);
  if (isRun(document)) return document;
  const [error] = isRun.errors ?? [];
  const place = error?.instancePath === '' ? 'the document' : error?.instancePath;
  throw new PerfError(
    'file',
    `Cannot read ${file}: expected a run as --json writes it, got one where ${place} ${error?.message}`,
  );
}

function parse(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new PerfError('file', `Cannot read ${file}: expected a run as --json writes it, got ${messageOf(cause)}`, {
      cause,
    });
  }
}
