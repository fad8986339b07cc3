import { STATUS_CODES } from 'node:http';
import type { HttpAnswer } from './answer.js';

/** Below this, one copy is cheaper than a second buffer in the system call. */
const smallBodyBytes = 16 * 1024;

/** The bytes of an answer over HTTP/1.1, in one or two parts; without its `rest`, whose chunks follow. `isLast` tells the client that the connection closes. */
export function encodeAnswer(
  { status, body, headers, rest }: HttpAnswer,
  { isLast }: { readonly isLast: boolean },
): Buffer[] {
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n`;
  for (const [name, value] of Object.entries(headers)) head += `${name}: ${value}\r\n`;
  const length = Buffer.byteLength(body);
  head += rest === undefined ? `Content-Length: ${length}\r\n` : 'Transfer-Encoding: chunked\r\n';
  head += `Date: ${dateNow()}\r\nConnection: ${isLast ? 'close' : 'keep-alive'}\r\n\r\n`;
  if (rest !== undefined) return [Buffer.from(head), ...chunkOf(body)];
  if (typeof body === 'string') return [Buffer.from(head + body)];
  if (length >= smallBodyBytes) return [Buffer.from(head), body];
  const bytes = Buffer.allocUnsafe(head.length + length);
  bytes.write(head, 'latin1');
  bytes.set(body, head.length);
  return [bytes];
}

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
