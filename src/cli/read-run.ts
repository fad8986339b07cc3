import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { messageOf, PerfError } from '../core/perf-error.js';
import type { Run } from '../core/run.js';
import type { SearchResult } from '../core/search-result.js';

/** Reads documents that `--json` wrote. */
export interface DocumentReader<Document> {
  /** @throws PerfError `file` for what is no document of this format */
  read(file: string): Document;
}

export type RunReader = DocumentReader<Run>;

export function createRunReader(): RunReader {
  const isRun = validatorOf<Run>('run');
  return { read: (file) => checked(file, parse(file, 'a run'), isRun, 'a run') };
}

/** Reads runs and searches. */
export function createDocumentReader(): DocumentReader<Run | SearchResult> {
  const isRun = onFirstUse(() => validatorOf<Run>('run'));
  const isSearch = onFirstUse(() => validatorOf<SearchResult>('search'));
  return {
    read: (file) => {
      const document = parse(file, 'a run or a search');
      const { format } = (document ?? {}) as { readonly format?: unknown };
      return format === 'perf-analyze/search'
        ? checked(file, document, isSearch(), 'a search')
        : checked(file, document, isRun(), 'a run');
    },
  };
}

/** A schema takes longer to compile than a document to read. */
function onFirstUse<Value>(make: () => Value): () => Value {
  let made: Value | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

function validatorOf<Document>(name: 'run' | 'search'): ValidateFunction<Document> {
  const file = new URL(`../../../reports/schema/${name}.schema.json`, import.meta.url);
  const isTime = (text: string): boolean => !Number.isNaN(Date.parse(text));
  const ajv = new Ajv2020({ formats: { 'date-time': isTime } });
  return ajv.compile<Document>(JSON.parse(readFileSync(file, 'utf8')) as object);
}

function checked<Document>(
  file: string,
  document: unknown,
  isValid: ValidateFunction<Document>,
  what: string,
): Document {
  if (isValid(document)) return document;
  const [error] = isValid.errors ?? [];
  const place = error?.instancePath === '' ? 'the document' : error?.instancePath;
  throw new PerfError(
    'file',
    `Cannot read ${file}: expected ${what} as --json writes it, got one where ${place} ${error?.message}`,
  );
}

function parse(file: string, what: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new PerfError('file', `Cannot read ${file}: expected ${what} as --json writes it, got ${messageOf(cause)}`, {
      cause,
    });
  }
}
