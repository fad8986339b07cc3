import { STATUS_CODES } from 'node:http';
import type { HttpAnswer } from './answer.js';

/** Up to this, one copy is cheaper than another buffer in the system call. */
const smallBytes = 16 * 1024;

/** The bytes of an answer over HTTP/1.1, in one or more parts; without its `rest`, whose chunks follow. `isLast` tells the client that the connection closes. */
export function encodeAnswer(
  { status, body, tensors = [], headers, rest }: HttpAnswer,
  { isLast }: { readonly isLast: boolean },
): Uint8Array[] {
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n`;
  for (const name in headers) head += `${name}: ${headers[name]}\r\n`;
  let length = Buffer.byteLength(body);
  for (const tensor of tensors) length += tensor.length;
  head += rest === undefined ? `Content-Length: ${length}\r\n` : 'Transfer-Encoding: chunked\r\n';
  head += `Date: ${dateNow()}\r\nConnection: ${isLast ? 'close' : 'keep-alive'}\r\n\r\n`;
  if (rest !== undefined) return [Buffer.from(head), ...chunkOf(body)];
  if (length > smallBytes) return withParts(head, body, tensors);
  const bytes = Buffer.allocUnsafe(head.length + length);
  let at = typeof body === 'string' ? bytes.write(head + body) : bytes.write(head) + body.copy(bytes, head.length);
  for (const tensor of tensors) {
    bytes.set(tensor, at);
    at += tensor.length;
  }
  return [bytes];
}

/** Large ones are sent from where they lie. */
const withParts = (head: string, body: Buffer | string, tensors: readonly Uint8Array[]): Uint8Array[] =>
  typeof body === 'string' ? [Buffer.from(head + body), ...tensors] : [Buffer.from(head), body, ...tensors];

/** Chunked transfer coding (RFC 9112, 7.1). Nothing for an empty text, which would be the last chunk. */
export function chunkOf(body: Buffer | string): Buffer[] {
  const length = Buffer.byteLength(body);
  if (length === 0) return [];
  return [Buffer.from(`${length.toString(16)}\r\n`), Buffer.from(body), Buffer.from('\r\n')];
}

export const lastChunk = Buffer.from('0\r\n\r\n');

let dateSecond = 0;
let dateText = '';

/** RFC 9110, 5.6.7; made once a second. */
function dateNow(): string {
  const second = Math.floor(Date.now() / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = new Date(second * 1000).toUTCString();
  }
  return dateText;
}
