import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf, PerfError } from '../../core/perf-error.js';
import type { Session } from '../../precision/runtime/open-session.js';
import type { SentTensor, SentTensors } from '../../precision/runtime/session-messages.js';
import type { Datatype } from '../../protocol/datatype.js';
import { fromFloat16Bits } from '../../protocol/short-float.js';
import { datatypeOf } from '../../server/backends/onnxruntime/element-types.js';

/** A module of the user's that says which answers are right, and what it is told of each inference. */
export interface VerifyWish {
  readonly module: string;
  /** A JSON file with a list, or a text file with a line for each inference. */
  readonly labels: string | undefined;
}

/** An output as the module gets it. */
export interface VerifiedOutput {
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  /** Row-major; FP16 as a `Float32Array`, BYTES as texts, BOOL as bytes of 0 and 1. */
  readonly data: ArrayLike<number | bigint | string>;
}

/** `true`, `false`, or a number from 0 to 1: how right the answer to one inference is. */
type Verify = (outputs: Readonly<Record<string, VerifiedOutput>>, label: unknown, index: number) => unknown;

/** Gives the mean of what the module says of a session's answers: 1 when all are right. */
export type VerifyAnswers = (session: Pick<Session, 'feed' | 'run'>) => Promise<number>;

/**
 * Loads the module and the labels.
 *
 * @param requests of one inference each
 * @throws PerfError `file` for a module or labels that cannot be used; `usage` for a module that fails later
 */
export async function createVerify(
  { module, labels }: VerifyWish,
  requests: readonly SentTensors[],
): Promise<VerifyAnswers> {
  const verify = await loadVerify(module);
  const known = labels === undefined ? undefined : readLabels(labels, requests.length);
  return async (session) => {
    let sum = 0;
    for (const [index, feeds] of requests.entries()) {
      await session.feed(feeds);
      const outputs = Object.entries(await session.run()).map(([name, tensor]) => [name, outputOf(tensor)] as const);
      sum += await scoreOf(module, index, () => verify(Object.fromEntries(outputs), known?.[index], index));
    }
    return sum / requests.length;
  };
}

async function loadVerify(module: string): Promise<Verify> {
  let namespace: Readonly<Record<string, unknown>>;
  try {
    namespace = await import(pathToFileURL(resolve(module)).href);
  } catch (cause) {
    throw unusable(module, `the error: ${oneLine(cause)}`, cause);
  }
  // The default export of a CommonJS module is all that it exports.
  const whole = namespace['default'] as Readonly<Record<string, unknown>> | undefined;
  const found = [namespace['verify'], whole, whole?.['verify']].find((each) => typeof each === 'function');
  if (found === undefined) throw unusable(module, `exports ${Object.keys(namespace).join(', ') || 'nothing'}`);
  return found as Verify;
}

const unusable = (module: string, got: string, cause?: unknown): PerfError =>
  new PerfError(
    'file',
    `Cannot use --verify ${module}: expected a module with a function 'verify' or a default one, got ${got}`,
    { cause },
  );

async function scoreOf(module: string, index: number, verify: () => unknown): Promise<number> {
  const cannot = (got: string, cause?: unknown): PerfError =>
    new PerfError(
      'usage',
      `Cannot verify inference ${index} with ${module}: expected true, false or a number from 0 to 1, got ${got}`,
      { cause },
    );
  let said: unknown;
  try {
    said = await verify();
  } catch (cause) {
    throw cannot(`the error: ${oneLine(cause)}`, cause);
  }
  if (typeof said === 'boolean') return said ? 1 : 0;
  if (typeof said === 'number' && said >= 0 && said <= 1) return said;
  throw cannot(typeof said === 'number' ? String(said) : said === null ? 'null' : typeof said);
}

const oneLine = (thrown: unknown): string => messageOf(thrown).replace(/\s+/g, ' ').trim();

function outputOf({ type, dims, data }: SentTensor): VerifiedOutput {
  const list = data as unknown as ArrayLike<number | bigint | string>;
  return {
    datatype: datatypeOf(type),
    shape: dims,
    data: type === 'float16' ? Float32Array.from(list as ArrayLike<number>, fromFloat16Bits) : list,
  };
}

function readLabels(file: string, count: number): readonly unknown[] {
  const cannot = (expected: string, got: string, cause?: unknown): PerfError =>
    new PerfError('file', `Cannot use --labels ${file}: expected ${expected}, got ${got}`, { cause });
  let labels: unknown;
  try {
    const text = readFileSync(file, 'utf8');
    labels = file.endsWith('.json') ? JSON.parse(text) : text.replace(/\r?\n$/, '').split(/\r?\n/);
  } catch (cause) {
    throw cannot('a list', oneLine(cause), cause);
  }
  if (!Array.isArray(labels)) throw cannot('a list', typeof labels);
  if (labels.length !== count) throw cannot(`a label for each of ${count} inferences`, String(labels.length));
  return labels;
}
