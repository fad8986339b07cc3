import { connect, type Socket } from 'node:net';
import { flags, frame, frameTypes } from '../../../src/http2/frame.js';
import { FrameReader } from '../../../src/http2/frame-reader.js';
import { HpackDecoder } from '../../../src/http2/hpack/hpack-decoder.js';
import { encodeBlock } from '../../../src/http2/hpack/hpack-encode.js';
import { connectionPreface, settingsFrame } from '../../../src/http2/settings.js';

export interface RawFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
  /** Of HEADERS. */
  readonly fields: ReadonlyMap<string, string>;
}

/** A client that says whatever it is told to. */
export interface RawGrpcClient extends Disposable {
  readonly socket: Socket;
  readonly frames: RawFrame[];
  send(...bytes: Uint8Array[]): void;
  /** The first frame that fits, now or later; `undefined` when the connection closes before. */
  next(fits: (frame: RawFrame) => boolean): Promise<RawFrame | undefined>;
  readonly closed: Promise<void>;
}

/** Connects; nothing is sent yet. */
export function rawGrpcClient(port: number): RawGrpcClient {
  const socket = connect({ host: '127.0.0.1', port });
  const frames: RawFrame[] = [];
  const decoder = new HpackDecoder();
  const watchers = new Set<() => void>();
  const reader = new FrameReader((type, frameFlags, streamId, bytes, from, to) => {
    const payload = Buffer.from(bytes.subarray(from, to));
    const fields = new Map(type === frameTypes.headers ? decoder.decode(payload, 0, payload.length).fields : []);
    frames.push({ type, flags: frameFlags, streamId, payload, fields });
    return undefined;
  });
  socket.on('data', (bytes: Buffer) => {
    reader.feed(bytes, bytes.length);
    for (const watcher of watchers) watcher();
  });
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const next = (fits: (frame: RawFrame) => boolean): Promise<RawFrame | undefined> =>
    new Promise((resolve) => {
      const look = (): void => {
        const found = frames.find(fits);
        if (found === undefined) return;
        watchers.delete(look);
        resolve(found);
      };
      watchers.add(look);
      look();
      void closed.then(() => resolve(undefined));
    });
  return {
    socket,
    frames,
    send: (...bytes) => void socket.write(Buffer.concat(bytes)),
    next,
    closed,
    [Symbol.dispose]: () => socket.destroy(),
  };
}

/** What a client begins with. */
export const hello = Buffer.concat([Buffer.from(connectionPreface), settingsFrame([])]);

/** The head of a call; `more` replaces or adds fields. */
export function headersOf(path: string, more: Readonly<Record<string, string>> = {}): Buffer {
  const fields = { ':method': 'POST', ':scheme': 'http', ':path': path, te: 'trailers' };
  return encodeBlock(Object.entries({ ...fields, 'content-type': 'application/grpc', ...more }));
}

export const headers = (streamId: number, block: Uint8Array, frameFlags: number = flags.endHeaders): Buffer =>
  frame(frameTypes.headers, frameFlags, streamId, block);

export const data = (streamId: number, payload: Uint8Array, ends = true): Buffer =>
  frame(frameTypes.data, ends ? flags.endStream : 0, streamId, payload);

/** A message with its prefix. */
export function message(bytes: Uint8Array, isCompressed = false, size: number = bytes.length): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = isCompressed ? 1 : 0;
  prefix.writeUInt32BE(size, 1);
  return Buffer.concat([prefix, bytes]);
}

/** Whether a frame ends the stream. */
export const endOf =
  (streamId: number) =>
  (candidate: RawFrame): boolean =>
    candidate.streamId === streamId &&
    candidate.type <= frameTypes.headers &&
    (candidate.flags & flags.endStream) !== 0;

export const isOf = (type: number) => (candidate: RawFrame) => candidate.type === type;
