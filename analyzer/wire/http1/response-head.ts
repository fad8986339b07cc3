/** What the head of a response says about its body and its connection (RFC 9112 sections 4 to 6 and 9). */
export interface ResponseHead {
  status: number;
  contentLength: number | undefined;
  /** The last transfer coding is `chunked`. */
  isChunked: boolean;
  /** There is a transfer coding. */
  isCoded: boolean;
  /** The connection may carry another request. */
  keepsAlive: boolean;
  /** Length of the JSON part of the body when binary tensors follow it. */
  inferenceHeaderLength: number | undefined;
  /** `content-encoding`, in lower case. */
  contentEncoding: string | undefined;
}

export const emptyHead = (): ResponseHead => ({
  status: 0,
  contentLength: undefined,
  isChunked: false,
  isCoded: false,
  keepsAlive: true,
  inferenceHeaderLength: undefined,
  contentEncoding: undefined,
});

export function clearHead(head: ResponseHead): void {
  head.status = 0;
  head.contentLength = undefined;
  head.isChunked = false;
  head.isCoded = false;
  head.keepsAlive = true;
  head.inferenceHeaderLength = undefined;
  head.contentEncoding = undefined;
}

const space = 0x20;
const tab = 0x09;
const colon = 0x3a;
const zero = 0x30;
const http1 = Buffer.from('HTTP/1.');
const contentLengthName = Buffer.from('content-length');
const contentEncodingName = Buffer.from('content-encoding');
const transferEncodingName = Buffer.from('transfer-encoding');
const connectionName = Buffer.from('connection');
const inferenceHeaderLengthName = Buffer.from('inference-header-content-length');
const keepAlive = Buffer.from('keep-alive');

/** Reads `HTTP/1.x SP 3DIGIT [SP reason]`; says what is wrong with it, if anything. */
export function readStatusLine(head: ResponseHead, bytes: Buffer, from: number, to: number): string | undefined {
  const status = digits(bytes, from + 9, Math.min(to, from + 12));
  const isWhole = to - from >= 12 && (to - from === 12 || bytes[from + 12] === space);
  if (!isWhole || !matches(bytes, from, http1) || bytes[from + 8] !== space || status === undefined || status < 100) {
    return `not an HTTP/1.1 status line: ${excerpt(bytes, from, to)}`;
  }
  head.status = status;
  head.keepsAlive = bytes[from + 7] !== zero; // HTTP/1.0 closes unless it says otherwise
  return undefined;
}

/**
 * Reads one header field; only those that frame the response count, told apart by their length.
 * Says what is wrong with it, if anything.
 */
export function readField(head: ResponseHead, bytes: Buffer, from: number, to: number): string | undefined {
  const nameEnd = endOfName(bytes, from, to);
  if (nameEnd === undefined) return `not a header field: ${excerpt(bytes, from, to)}`;
  switch (nameEnd - from) {
    case contentLengthName.length:
      return matches(bytes, from, contentLengthName) ? readContentLength(head, bytes, nameEnd + 1, to) : undefined;
    case contentEncodingName.length:
      if (matches(bytes, from, contentEncodingName)) head.contentEncoding = tokens(bytes, nameEnd + 1, to).join(', ');
      return undefined;
    case transferEncodingName.length:
      if (matches(bytes, from, transferEncodingName)) readTransferEncoding(head, bytes, nameEnd + 1, to);
      return undefined;
    case connectionName.length:
      if (matches(bytes, from, connectionName)) readConnection(head, bytes, nameEnd + 1, to);
      return undefined;
    case inferenceHeaderLengthName.length:
      if (matches(bytes, from, inferenceHeaderLengthName)) {
        head.inferenceHeaderLength = fieldNumber(bytes, nameEnd + 1, to);
      }
      return undefined;
    default:
      return undefined;
  }
}

/** Where the colon stands; absent when the line is no field (folded lines are obsolete, RFC 9112 section 5.2). */
function endOfName(bytes: Buffer, from: number, to: number): number | undefined {
  let at = from;
  while (at < to && bytes[at] !== colon) at++;
  const first = bytes[from];
  return at === to || at === from || first === space || first === tab ? undefined : at;
}

function readContentLength(head: ResponseHead, bytes: Buffer, from: number, to: number): string | undefined {
  const length = fieldNumber(bytes, from, to);
  if (length === undefined || (head.contentLength !== undefined && head.contentLength !== length)) {
    return `invalid content-length: ${excerpt(bytes, from, to)}`;
  }
  head.contentLength = length;
  return undefined;
}

function readTransferEncoding(head: ResponseHead, bytes: Buffer, from: number, to: number): void {
  head.isCoded = true;
  head.isChunked = tokens(bytes, from, to).at(-1) === 'chunked';
}

function readConnection(head: ResponseHead, bytes: Buffer, from: number, to: number): void {
  const start = skipSpace(bytes, from, to);
  if (to - start === keepAlive.length && matches(bytes, start, keepAlive)) {
    head.keepsAlive = true;
    return;
  }
  const options = tokens(bytes, start, to);
  if (options.includes('close')) head.keepsAlive = false;
  else if (options.includes('keep-alive')) head.keepsAlive = true;
}

const tokens = (bytes: Buffer, from: number, to: number): string[] =>
  bytes
    .toString('latin1', from, to)
    .toLowerCase()
    .split(',')
    .map((token) => token.trim());

function skipSpace(bytes: Buffer, from: number, to: number): number {
  let at = from;
  while (at < to && (bytes[at] === space || bytes[at] === tab)) at++;
  return at;
}

function fieldNumber(bytes: Buffer, from: number, to: number): number | undefined {
  let end = to;
  while (end > from && (bytes[end - 1] === space || bytes[end - 1] === tab)) end--;
  return digits(bytes, skipSpace(bytes, from, end), end);
}

function digits(bytes: Buffer, from: number, to: number): number | undefined {
  let value = 0;
  for (let at = from; at < to; at++) {
    const digit = (bytes[at] ?? 0) - zero;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return from < to && Number.isSafeInteger(value) ? value : undefined;
}

/** Whether `lower`, which is in lower case or has no letters of its own case, stands at `from` in any case. */
function matches(bytes: Buffer, from: number, lower: Buffer): boolean {
  for (let index = 0; index < lower.length; index++) {
    const byte = bytes[from + index] ?? 0;
    const expected = lower[index] ?? 0;
    const isCapital = byte >= 0x41 && byte <= 0x5a;
    if (byte !== expected && !(isCapital && byte + 0x20 === expected)) return false;
  }
  return true;
}

const excerpt = (bytes: Buffer, from: number, to: number): string =>
  JSON.stringify(bytes.toString('latin1', from, Math.min(to, from + 40)));
