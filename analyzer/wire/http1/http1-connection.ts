import type { Socket } from 'node:net';
import type { Clock } from '../../../src/core/clock.js';
import type { Failure } from '../../../src/core/failure.js';
import { minus, type Nanoseconds, ns, toMs } from '../../../src/core/units.js';
import { BodyCollector } from '../body-collector.js';
import { decompressed } from '../compression.js';
import { abandoned, closedByPeer, timedOut, undecodable, violated } from '../failures.js';
import { type Address, closeSocket, type Encryption, openSocket, type SocketEvents } from '../tcp.js';
import type { OpenOptions } from '../transport.js';
import { errorBodyLimitBytes, statusFailure } from './error-text.js';
import { marksBytes, writeMarks } from './json-marks.js';
import { ResponseParser } from './response-parser.js';

/** A request as it is sent, but for the marks of its sequence. */
export interface PreparedRequest {
  readonly bytes: Buffer;
  /** Where those go; absent when it has none. */
  readonly marksOffset: number | undefined;
}

export interface Http1ConnectionOptions extends Pick<OpenOptions, 'onReply' | 'onBody' | 'keepsBody' | 'marks'> {
  readonly address: Address;
  readonly encryption?: Encryption | undefined;
  readonly clock: Clock;
  /** Shared by all connections of a transport: a read is parsed before the next one starts. */
  readonly readBuffer: Buffer;
  /** Called before `onReply`: the connection can take the next request. */
  readonly onFree: (connection: Http1Connection) => void;
}

/** Of a marked request that is larger, only the part up to the marks is copied, and the rest is a write of its own. */
const copiedBytes = 65_536;

/**
 * Carries one request at a time over a connection that is made when it is first needed, and again after every failure,
 * `Connection: close`, or end by the server. A request is never sent twice.
 */
export class Http1Connection {
  private readonly options: Http1ConnectionOptions;
  private readonly parser: ResponseParser;
  private readonly body = new BodyCollector();
  private readonly errorBody = new BodyCollector(errorBodyLimitBytes);
  private socket: Socket | undefined = undefined;
  private isBusy = false;
  private isAnswered = false;
  /** Whether the body of this answer is kept; `undefined` until it begins. */
  private isKept: boolean | undefined = undefined;
  private token = 0;
  private sentAt = ns(0);
  private firstAt = ns(0);
  /** A marked request, or its beginning. */
  private copy: Buffer = Buffer.alloc(0);

  constructor(options: Http1ConnectionOptions) {
    this.options = options;
    this.parser = new ResponseParser((bytes, from, to) => this.keepPiece(bytes, from, to));
  }

  /** The connection must be free. */
  send({ bytes, marksOffset }: PreparedRequest, token: number, sentAt: Nanoseconds): void {
    this.isBusy = true;
    this.isAnswered = false;
    this.isKept = undefined;
    this.token = token;
    this.sentAt = sentAt;
    this.parser.reset();
    this.socket ??= this.connect();
    if (marksOffset === undefined) this.socket.write(bytes);
    else this.writeMarked(this.socket, bytes, marksOffset);
  }

  /** Gives up a request that is older than `limit`. */
  expire(now: Nanoseconds, limit: Nanoseconds): void {
    if (this.isBusy && minus(now, this.sentAt) > limit) this.fail(timedOut(toMs(limit)), now);
  }

  /** Answers what is in flight with `abandoned`; resolves when the socket is gone. */
  async close(): Promise<void> {
    const { socket } = this;
    if (this.isBusy) this.fail(abandoned, this.options.clock.now());
    this.socket = undefined;
    if (socket !== undefined) await closeSocket(socket);
  }

  private writeMarked(socket: Socket, bytes: Buffer, offset: number): void {
    const { marks } = this.options;
    const size = bytes.length <= copiedBytes ? bytes.length : offset + marksBytes;
    const isTaken = socket.writableLength > 0; // an answer came before the end of its request
    if (isTaken || this.copy.length !== size) this.copy = Buffer.allocUnsafeSlow(size);
    bytes.copy(this.copy, 0, 0, size);
    if (marks !== undefined) writeMarks(this.copy, offset, marks, this.token);
    if (size === bytes.length) {
      socket.write(this.copy);
    } else {
      socket.cork();
      socket.write(this.copy);
      socket.write(bytes.subarray(size));
      socket.uncork();
    }
  }

  private connect(): Socket {
    const { address, encryption, readBuffer, clock } = this.options;
    const isCurrent = (): boolean => this.socket === socket;
    const events: SocketEvents = {
      readBuffer,
      onDrain: () => undefined,
      onRead: (size) => this.read(size),
      onEnd: () => {
        if (isCurrent()) this.end(clock.now());
      },
      onBroken: (failure) => {
        if (isCurrent()) this.fail(failure, clock.now());
      },
    };
    const socket = openSocket(address, events, encryption);
    return socket;
  }

  private read(size: number): void {
    const now = this.options.clock.now();
    if (!this.isAnswered) {
      this.isAnswered = true;
      this.firstAt = now;
    }
    if (!this.isBusy) {
      this.discardSocket(); // nobody asked: most likely a server that says why it closes
      return;
    }
    const state = this.parser.feed(this.options.readBuffer, size);
    if (state === 'done') this.succeed(now);
    else if (state === 'broken') this.fail(violated(this.parser.violation ?? ''), now);
  }

  private end(now: Nanoseconds): void {
    if (this.isBusy && this.parser.isWholeAtEnd()) this.succeed(now);
    else this.fail(closedByPeer, now);
  }

  /** The response is complete, whatever its status. */
  private succeed(now: Nanoseconds): void {
    const { status, keepsAlive } = this.parser.head;
    if (!keepsAlive) this.discardSocket();
    this.settle(status === 200 ? this.handBody() : this.refusal(), now);
  }

  /** Decodes and hands over the body of a success, when somebody looks at it. */
  private handBody(): Failure | undefined {
    if (!this.keeps()) return undefined;
    const { contentEncoding, inferenceHeaderLength } = this.parser.head;
    const body = decompressed(this.body.take(), contentEncoding);
    if (body === undefined) return undecodable(contentEncoding);
    this.options.onBody?.(this.token, body, inferenceHeaderLength);
    return undefined;
  }

  private refusal(): Failure {
    const { status, contentEncoding } = this.parser.head;
    return statusFailure(status, decompressed(this.errorBody.take(), contentEncoding) ?? Buffer.alloc(0));
  }

  private fail(failure: Failure, now: Nanoseconds): void {
    this.discardSocket();
    this.body.drop();
    this.errorBody.drop();
    if (this.isBusy) this.settle(failure, now);
  }

  private settle(failure: Failure | undefined, now: Nanoseconds): void {
    this.isBusy = false;
    const firstAt = this.isAnswered ? this.firstAt : now;
    this.options.onFree(this);
    this.options.onReply(this.token, failure, firstAt, now);
  }

  private discardSocket(): void {
    this.socket?.destroy();
    this.socket = undefined;
  }

  private keepPiece(bytes: Buffer, from: number, to: number): void {
    if (this.parser.head.status !== 200) this.errorBody.push(bytes, from, to);
    else if (this.keeps()) this.body.push(bytes, from, to);
  }

  private keeps(): boolean {
    if (this.options.onBody === undefined) return false;
    this.isKept ??= this.options.keepsBody?.(this.token, this.parser.head.contentLength) ?? true;
    return this.isKept;
  }
}
