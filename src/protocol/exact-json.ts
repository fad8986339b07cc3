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

const longInteger = /(?:^|[\s,:[])-?\d{16,}(?=[\s,\]}]|$)/;
const floatLiteral = /\b(?:NaN|Inf)/;
const number = /-?(?:\b(?:NaN|Infinity|Inf)\b|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/g;

/** The text with every number that `JSON.parse` cannot hold as a marked string; its strings are left alone. */
function withMarkedNumbers(text: string, mark: string): string {
  const markNumber = (token: string) => (needsMark(token) ? `"${mark}${token}"` : token);
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
