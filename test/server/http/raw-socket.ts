import { connect } from 'node:net';

/** A reply as it came over the wire. */
export interface RawReply {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/**
 * Writes bytes to a fresh connection, and collects what comes until the server closes or as many whole replies with
 * `Content-Length` are there as are expected, 1 unless given.
 */
export async function exchange(
  port: number,
  bytes: string | Buffer,
  expected: number | { readonly expectReplies: number; readonly endsItsSide: boolean } = 1,
): Promise<RawReply[]> {
  const { expectReplies, endsItsSide } =
    typeof expected === 'number' ? { expectReplies: expected, endsItsSide: false } : expected;
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: endsItsSide });
  if (endsItsSide) socket.end(bytes);
  else socket.write(bytes);
  let received = '';
  try {
    for await (const piece of socket) {
      received += (piece as Buffer).toString('latin1');
      if (parseReplies(received).length >= expectReplies) break;
    }
  } catch {
    // a reset ends the exchange as a close does
  }
  socket.destroy();
  return parseReplies(received);
}

function parseReplies(text: string): RawReply[] {
  const replies: RawReply[] = [];
  let rest = text;
  for (;;) {
    const split = rest.indexOf('\r\n\r\n');
    if (split === -1) return replies;
    const head = rest.slice(0, split);
    const status = Number(head.slice(9, 12));
    const length = status === 100 ? 0 : Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
    const end = split + 4 + length;
    if (rest.length < end) return replies;
    replies.push({ status, head, body: rest.slice(split + 4, end) });
    rest = rest.slice(end);
  }
}

/** A POST with a body and the headers that are given, `Content-Length` unless it is among them. */
export function post(path: string, body: string, headers: Readonly<Record<string, string | number>> = {}): string {
  const all = { Host: 'x', 'Content-Length': Buffer.byteLength(body), ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}
