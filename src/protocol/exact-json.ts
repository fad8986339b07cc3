import { randomUUID } from 'node:crypto';

/**
 * `JSON.parse` for tensors: integers beyond 2^53 come back as `bigint`, and the literals `NaN`, `Infinity` and `Inf`
 * that Triton reads and writes are numbers. Text with neither costs one scan more than `JSON.parse`.
 *
 * @throws SyntaxError when the text is not JSON
 */
export function parseExactJson(text: string): unknown {
  let failure: unknown;
  try {
    const value: unknown = JSON.parse(text);
    if (!longInteger.test(text)) return value;
  } catch (error) {
    if (!floatLiteral.test(text)) throw error;
    failure = error;
  }
  const mark = randomUUID(); // no text can hold it by intent
  try {
    return JSON.parse(withMarkedNumbers(text, mark), (_key, value) =>
      typeof value === 'string' && value.startsWith(mark) ? numberFrom(value.slice(mark.length)) : value,
    );
  } catch (error) {
    throw failure ?? error;
  }
}

/** A number with a fraction or an exponent, as the text has it: `1.0`, which JavaScript takes for 1. */
export class WrittenNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/**
 * `parseExactJson` of text that is known to be JSON, with a `WrittenNumber` for each number that is not written as an integer.
 */
export function parseWrittenNumbers(text: string): unknown {
  const mark = randomUUID();
  return JSON.parse(withMarkedNumbers(text, mark, isNoInteger), (_key, value) =>
    typeof value === 'string' && value.startsWith(mark) ? new WrittenNumber(value.slice(mark.length)) : value,
  );
}

const isNoInteger = (token: string): boolean => /^-?[NI]|[.eE]/.test(token);

const longInteger = /(?:^|[\s,:[])-?\d{16,}(?=[\s,\]}]|$)/;
const floatLiteral = /\b(?:NaN|Inf)/;
const number = /-?(?:\b(?:NaN|Infinity|Inf)\b|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/g;

/** The text with certain numbers, those that `JSON.parse` cannot hold unless told otherwise, as marked strings; its strings are left alone. */
function withMarkedNumbers(text: string, mark: string, isMarked: (token: string) => boolean = needsMark): string {
  const markNumber = (token: string) => (isMarked(token) ? `"${mark}${token}"` : token);
  const parts: string[] = [];
  let at = 0;
  while (at < text.length) {
    const quote = text.indexOf('"', at);
    parts.push(text.slice(at, quote === -1 ? text.length : quote).replace(number, markNumber));
    if (quote === -1) break;
    at = stringEnd(text, quote);
    parts.push(text.slice(quote, at));
  }
  return parts.join('');
}

function needsMark(token: string): boolean {
  if (/^-?[NI]/.test(token)) return true;
  return /^-?[1-9]\d{15,}$/.test(token) && !Number.isSafeInteger(Number(token));
}

/** Behind the closing quote of the string that opens at `quote`. */
function stringEnd(text: string, quote: number): number {
  for (let end = text.indexOf('"', quote + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text[end - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return end + 1;
  }
  return text.length;
}

function numberFrom(token: string): number | bigint {
  if (token.endsWith('NaN')) return Number.NaN;
  if (token.includes('Inf')) return token.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return BigInt(token);
}
