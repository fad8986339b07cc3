import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { messageOf, PerfError } from '../core/perf-error.js';
import type { Run } from '../core/run.js';
import type { SearchResult } from '../core/search-result.js';
import type { VariantsResult } from '../core/variants-result.js';

/** What `--json` writes and a command reads again, by the name of its schema and of its format. */
interface Documents {
  readonly run: Run;
  readonly search: SearchResult;
  readonly variants: VariantsResult;
}

const namesInText: Readonly<Record<keyof Documents, string>> = {
  run: 'a run',
  search: 'a search',
  variants: 'variants',
};

/** Reads documents that `--json` wrote. */
export interface DocumentReader<Document> {
  /** @throws PerfError `file` for what is no document of these formats */
  read(file: string): Document;
}

export type RunReader = DocumentReader<Run>;

export const createRunReader = (): RunReader => createDocumentReader('run');

/** Reads documents of some kinds. A schema is compiled when it is first needed, which takes longer than to read a document. */
export function createDocumentReader<Kind extends keyof Documents>(
  ...kinds: readonly [Kind, ...Kind[]]
): DocumentReader<Documents[Kind]> {
  const validators = new Map<Kind, ValidateFunction<Documents[Kind]>>();
  const expected = new Intl.ListFormat('en-GB', { type: 'disjunction' }).format(kinds.map((kind) => namesInText[kind]));
  return {
    read: (file) => {
      const document = parse(file, expected);
      const kind = kindOf(document, kinds, { file, expected });
      const isValid = validators.get(kind) ?? validatorOf<Documents[Kind]>(kind);
      validators.set(kind, isValid);
      return checked(file, document, isValid, namesInText[kind]);
    },
  };
}

/** What does not say what it is, is judged as the first. */
function kindOf<Kind extends keyof Documents>(
  document: unknown,
  kinds: readonly [Kind, ...Kind[]],
  { file, expected }: { readonly file: string; readonly expected: string },
): Kind {
  const { format } = (document ?? {}) as { readonly format?: unknown };
  const kind = kinds.find((each) => format === `perf-analyze/${each}`);
  if (kind === undefined && typeof format === 'string') {
    throw new PerfError('file', `Cannot read ${file}: expected ${expected} as --json writes it, got '${format}'`);
  }
  return kind ?? kinds[0];
}

function validatorOf<Document>(name: keyof Documents): ValidateFunction<Document> {
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
