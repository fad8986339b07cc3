import { type AddressInfo, createServer, type Socket } from 'node:net';
import { frame, frameTypes } from '../../../../src/http2/frame.js';
import { FrameReader } from '../../../../src/http2/frame-reader.js';
import { encodeBlock } from '../../../../src/http2/hpack/hpack-encode.js';
import type { Field } from '../../../../src/http2/hpack/static-table.js';

const magicBytes = 24;

/** A peer that answers with frames of the test's own making. */
export interface RawPeer extends AsyncDisposable {
  readonly port: number;
  /** Type and payload in hex of every frame but HEADERS and DATA that arrived. */
  readonly controls: readonly string[];
  connections(): number;
}

export interface RawCall {
  readonly streamId: number;
  /** How many calls came before it, on all connections. */
  readonly index: number;
  readonly write: (...frames: readonly Uint8Array[]) => void;
  readonly socket: Socket;
}

export const headersFrame = (streamId: number, fields: readonly Field[], flags = 4): Buffer =>
  frame(frameTypes.headers, flags, streamId, encodeBlock(fields));
export const dataFrame = (streamId: number, payload: Uint8Array, flags = 0): Buffer =>
  frame(frameTypes.data, flags, streamId, payload);
export const message = (text: string): Buffer =>
  Buffer.from(`\0\0\0\0${String.fromCharCode(text.length)}${text}`, 'latin1');

/** A whole answer with success. */
export const goodAnswer = (streamId: number, text = 'good'): Buffer =>
  Buffer.concat([
    headersFrame(streamId, [[':status', '200']]),
    dataFrame(streamId, message(text)),
    headersFrame(streamId, [['grpc-status', '0']], 5),
  ]);

export interface RawPeerOptions {
  readonly settings?: Uint8Array;
  /** When `onCall` is called: when a call has been sent to its end, or at its head. */
  readonly answers?: 'end' | 'head';
}

export async function startRawPeer(
  onCall: (call: RawCall) => void,
  { settings = Buffer.alloc(0), answers = 'end' }: RawPeerOptions = {},
): Promise<RawPeer> {
  const controls: string[] = [];
  let calls = 0;
  let connections = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    connections++;
    sockets.add(socket);
    socket.setNoDelay();
    socket.on('error', () => undefined);
    const reader = new FrameReader((type, flags, streamId, bytes, from, to) => {
      const isDue = answers === 'head' ? type === frameTypes.headers : type === frameTypes.data && (flags & 1) !== 0;
      if (isDue) {
        onCall({ streamId, index: calls++, socket, write: (...frames) => socket.write(Buffer.concat(frames)) });
      } else if (type !== frameTypes.data && type !== frameTypes.headers) {
        controls.push(`${type} ${flags} ${streamId} ${bytes.toString('hex', from, to)}`);
      }
      return undefined;
    });
    let skipped = 0;
    socket.on('data', (piece) => {
      const skip = Math.min(piece.length, magicBytes - skipped);
      skipped += skip;
      reader.feed(piece.subarray(skip), piece.length - skip);
    });
    socket.write(frame(frameTypes.settings, 0, 0, settings));
  });
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1' }, () => resolve()));
  return {
    port: (server.address() as AddressInfo).port,
    controls,
    connections: () => connections,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function goawayFrame(lastStreamId: number, code: number, debug = ''): Buffer {
  const payload = Buffer.alloc(8);
  payload.writeUInt32BE(lastStreamId, 0);
  payload.writeUInt32BE(code, 4);
  return frame(frameTypes.goaway, 0, 0, Buffer.concat([payload, Buffer.from(debug)]));
}

export function resetFrame(streamId: number, code: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(code, 0);
  return frame(frameTypes.rstStream, 0, streamId, payload);
}
