import type { Socket } from 'node:net';
import type { BodyRooms } from '../body-rooms.js';
import type { ByteSink } from '../read-into.js';
import type { HttpAnswer } from './answer.js';
import { answerBrokenRequest } from './broken-request.js';
import { chunkOf, encodeAnswer, lastChunk } from './encode-answer.js';
import { type PlainHead, parsePlainHead } from './plain-head.js';

/** A request that this way can answer: its head was understood, and somebody waits for its body. */
export interface PlainWork {
  readonly contentLength: number;
  /** Never rejects. The body is only looked at until the promise settles. May be called for one body after the other. */
  answer(body: Buffer): Promise<HttpAnswer>;
}

/** What a server may be waiting for on a connection. */
export type WaitsFor = 'nothing' | 'first-request' | 'body' | 'next-request';

export interface PlainOptions {
  /** @returns `undefined` for a request that `node:http` shall answer; the same for the same head at any time */
  accept(head: PlainHead): PlainWork | undefined;
  /** Gets a connection with all bytes of it that were not answered. */
  handOver(socket: Socket): void;
  readonly rooms: BodyRooms;
  /** Nothing new is taken on any connection. */
  isClosing(): boolean;
  /** Milliseconds, monotonic. */
  now(): number;
  /** How long a client may take nothing of an answer that waits for it, in milliseconds. */
  readonly takingMs: number;
}

/** A body that is being read. */
interface Arriving {
  readonly work: PlainWork;
  readonly bytes: Buffer;
  /** What the bytes go back to. */
  readonly room: Buffer | undefined;
  filled: number;
}

const maxHeadBytes = 8192;
/** Room for a body is made before it comes; `node:http` makes it as it comes. */
const maxPlainBytes = 64 * 1024 * 1024;
const endOfHead = Buffer.from('\r\n\r\n');

/** Shared by all connections: a read ends before the next one begins. */
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024);

/**
 * The way of the usual request: a connection that reads the bodies of its requests where they are needed, in large buffers that
 * are used again. With the first request out of the ordinary (chunked, broken, too large, unknown path, in pieces, one of very many, ...) it
 * hands everything that it has not answered to `node:http`, for good.
 */
export class PlainConnection implements ByteSink {
  readonly #options: PlainOptions;
  #socket: Socket | undefined;
  #arriving: Arriving | undefined;
  #isAnswering = false;
  /** Came while a request was being answered. */
  #early: Buffer | undefined;
  #isHandedOver = false;
  /** With the empty line behind it. */
  #lastHead: Buffer | undefined;
  #lastWork: PlainWork | undefined;
  /** Since when it waits for the client. */
  #waitsSince: number;
  #hasServed = false;
  #hasEnded = false;

  constructor(options: PlainOptions) {
    this.#options = options;
    this.#waitsSince = options.now();
  }

  /** What the client keeps us waiting for. */
  get waitsFor(): WaitsFor {
    if (this.#isAnswering) return 'nothing';
    if (this.#arriving !== undefined) return 'body';
    return this.#hasServed ? 'next-request' : 'first-request';
  }

  get waitsSince(): number {
    return this.#waitsSince;
  }

  get socket(): Socket | undefined {
    return this.#socket;
  }

  attach(socket: Socket): void {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('error', () => undefined); // `close` follows
    socket.once('end', this.#onEnd);
    socket.once('close', () => {
      if (this.#arriving === undefined) return;
      this.#options.rooms.arrived(this.#arriving.bytes.length);
      this.#options.rooms.giveBack(this.#arriving.room);
      this.#arriving = undefined;
    });
  }

  /** The client sends nothing more, but may read. */
  readonly #onEnd = (): void => {
    const socket = this.#socket;
    this.#hasEnded = true;
    if (socket === undefined || this.#isAnswering) return;
    if (this.#arriving === undefined) socket.end();
    else answerBrokenRequest(new Error('the request ends before its Content-Length'), socket);
  };

  room(): Uint8Array {
    return this.#arriving?.bytes.subarray(this.#arriving.filled) ?? readBuffer;
  }

  take(bytes: Buffer): boolean {
    if (this.#isHandedOver) return true;
    if (this.#isAnswering) {
      this.#early = this.#early === undefined ? Buffer.from(bytes) : Buffer.concat([this.#early, bytes]);
      return false;
    }
    return this.#read(bytes);
  }

  #read(bytes: Buffer): boolean {
    if (this.#arriving !== undefined) return this.#fill(this.#arriving, bytes);
    if (!this.#beginsWithLastHead(bytes)) this.#readHead(bytes);
    const work = this.#options.isClosing() ? undefined : this.#lastWork;
    if (work === undefined || !this.#options.rooms.expect(work.contentLength)) return this.#handOver(bytes);
    const room = this.#options.rooms.take(work.contentLength);
    const arriving = { work, bytes: room ?? Buffer.allocUnsafe(work.contentLength), room, filled: 0 };
    this.#arriving = arriving;
    this.#waitsSince = this.#options.now();
    return this.#fill(arriving, bytes.subarray(this.#lastHead?.length));
  }

  /** Clients repeat their heads byte for byte. */
  #beginsWithLastHead(bytes: Buffer): boolean {
    const length = this.#lastHead?.length ?? Number.POSITIVE_INFINITY;
    return length <= bytes.length && this.#lastHead?.compare(bytes, 0, length) === 0;
  }

  #readHead(bytes: Buffer): void {
    const end = bytes.subarray(0, maxHeadBytes).indexOf(endOfHead);
    this.#lastHead = end === -1 ? undefined : Buffer.from(bytes.subarray(0, end + endOfHead.length));
    const head = end === -1 ? undefined : parsePlainHead(bytes.toString('latin1', 0, end));
    const isPlain = head !== undefined && head.contentLength <= maxPlainBytes;
    this.#lastWork = isPlain ? this.#options.accept(head) : undefined;
  }

  #fill(arriving: Arriving, bytes: Buffer): boolean {
    const { bytes: body, filled } = arriving;
    const part = bytes.length > body.length - filled ? bytes.subarray(0, body.length - filled) : bytes;
    if (part.buffer !== body.buffer || part.byteOffset !== body.byteOffset + filled) body.set(part, filled);
    arriving.filled += part.length;
    if (arriving.filled < body.length) return true;
    this.#arriving = undefined;
    this.#options.rooms.arrived(body.length);
    this.#isAnswering = true;
    if (bytes.length > part.length) this.#early = Buffer.from(bytes.subarray(part.length));
    void this.#answer(arriving);
    return this.#early === undefined;
  }

  async #answer({ work, bytes, room }: Arriving): Promise<void> {
    const answer = await work.answer(bytes);
    this.#options.rooms.giveBack(room);
    const socket = this.#socket;
    if (socket === undefined || socket.destroyed) return;
    const isLast = this.#isLast;
    writeParts(encodeAnswer(answer, { isLast }), socket);
    const { takingMs } = this.#options;
    if (answer.rest !== undefined) await writeRest(answer.rest, socket, takingMs);
    if (socket.writableNeedDrain) await drained(socket, takingMs);
    if (isLast || this.#isLast) {
      socket.end();
      return;
    }
    this.#isAnswering = false;
    this.#hasServed = true;
    this.#waitsSince = this.#options.now();
    const early = this.#early;
    this.#early = undefined;
    if (early === undefined || this.#read(early)) socket.resume();
  }

  /** Nothing is answered after what is being answered. */
  get #isLast(): boolean {
    return this.#hasEnded || this.#options.isClosing();
  }

  /** What is not answered yet goes along. */
  #handOver(bytes: Buffer): boolean {
    this.#isHandedOver = true;
    const socket = this.#socket;
    if (socket === undefined) return false;
    socket.off('end', this.#onEnd);
    socket.pause();
    socket.unshift(Buffer.from(bytes));
    this.#options.handOver(socket);
    socket.resume();
    return true;
  }
}

/** In one system call. A single part does not need the queue of a corked socket. */
function writeParts(parts: readonly Uint8Array[], socket: Socket): void {
  if (parts.length > 1) socket.cork();
  for (const part of parts) socket.write(part);
  if (parts.length > 1) socket.uncork();
}

/** A client that reads slowly is waited for. */
async function writeRest(rest: AsyncIterable<string>, socket: Socket, takingMs: number): Promise<void> {
  for await (const text of rest) {
    if (socket.destroyed) return;
    socket.write(Buffer.concat(chunkOf(text)));
    if (socket.writableNeedDrain) await drained(socket, takingMs);
  }
  socket.write(lastChunk);
}

/** Leaves a client that takes nothing for so long: what waits for it is memory. */
function drained(socket: Socket, takingMs: number): Promise<void> {
  return new Promise((resolve) => {
    const leave = (): void => void socket.destroy();
    const done = (): void => {
      socket.setTimeout(0).off('timeout', leave).off('drain', done).off('close', done);
      resolve();
    };
    socket.setTimeout(takingMs).on('timeout', leave).on('drain', done).on('close', done);
  });
}
