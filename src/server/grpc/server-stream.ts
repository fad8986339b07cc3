import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { messageOf } from '../../core/perf-error.js';
import { grpcStatus } from '../../protocol/grpc-status.js';
import type { BodyRooms } from '../body-rooms.js';
import type { ByteBudget } from '../byte-budget.js';
import type { CallHead } from './call-head.js';
import type { GrpcCall, GrpcMethod, GrpcReceiver, MessageCoding } from './grpc-method.js';
import { MessageCollector, type ReceivedMessage } from './message-collector.js';
import type { Reply, ReplyWriter } from './reply-writer.js';
import type { GrpcStatus } from './status.js';
import { answerBlocks, statusOnlyBlock, trailersBlock } from './status-block.js';

/**
 * What a compressed message may become, in bytes: as much as HTTP takes by default, and more for one that is large itself.
 * Otherwise two megabytes of it would fill two gigabytes of memory.
 */
const decompressedBytes = 64 * 1024 * 1024;
const mostRatio = 16;

const decoders = { gzip: promisify(gunzip), deflate: promisify(inflate) } as const;

export interface ServerStreamOptions {
  readonly head: CallHead;
  readonly method: GrpcMethod;
  readonly writer: ReplyWriter;
  readonly rooms: BodyRooms;
  /** Of decompressed messages. */
  readonly budget: ByteBudget;
  readonly maxMessageBytes: number;
  /** Frames were written outside of a read. */
  readonly onWritten: () => void;
  /** A message does not wait for its decompression any more. */
  readonly onDecompressed: () => void;
}

/** One stream of a connection: a call. */
export class ServerStream implements GrpcCall {
  readonly reply: Reply;
  readonly #options: ServerStreamOptions;
  readonly #controller = new AbortController();
  readonly #messages: MessageCollector;
  readonly #receiver: GrpcReceiver;
  #deadline: NodeJS.Timeout | undefined;
  #hasAnswered = false;
  #hasEnded = false;
  /** Messages are decompressed in the order in which they came. */
  #decompressing: Promise<void> | undefined;
  /** Kept as it came until the client has sent everything. */
  #first: ReceivedMessage | undefined;
  /** What is left of the budget's bytes that this call has. */
  #budgeted = 0;
  /** Of messages that wait for their decompression, as they came. */
  waitingBytes = 0;
  /** Behind how many messages the client kept us waiting at the last look, and since when (monotonic ms). */
  #late: { readonly index: number; readonly since: number } | undefined;
  /** The client sends nothing more. */
  isHalfClosed = false;
  /** Received, but not yet given back to the client as window. */
  receivedBytes = 0;

  constructor(streamId: number, options: ServerStreamOptions) {
    const { head, writer, rooms, maxMessageBytes } = options;
    this.#options = options;
    this.reply = writer.open(streamId);
    this.#messages = new MessageCollector(rooms, maxMessageBytes);
    this.#receiver = options.method(this);
    if (head.timeoutMs !== undefined) this.#deadline = setTimeout(() => this.#expire(), head.timeoutMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get metadata(): ReadonlyMap<string, string> {
    return this.#options.head.metadata;
  }

  /** Takes bytes of the client's messages. */
  receive(bytes: Buffer, from: number, to: number): void {
    if (this.#hasEnded) return;
    const refusal = this.#messages.read(bytes, from, to, (message) => this.#take(message));
    if (refusal !== undefined) this.end(refusal);
  }

  /** The client sends nothing more. */
  halfClose(): void {
    this.isHalfClosed = true;
    if (this.#hasEnded) return;
    this.#readFirst();
    if (this.#messages.isCut) {
      this.end({ code: grpcStatus.internal, details: 'The request ends in the middle of a message' });
    } else if (this.#decompressing === undefined) {
      this.#receiver.onHalfClose();
    } else {
      this.#afterDecompressing(() => this.#receiver.onHalfClose());
    }
  }

  /**
   * Ends the call when the client has taken `limitMs` for one message, or for the end of what it has to send, as far as looks
   * since then can tell.
   */
  endIfStalled(nowMs: number, limitMs: number): void {
    const { isCut, endedCount: index } = this.#messages;
    const isLate = isCut || (this.#receiver.awaitsHalfClose === true && !this.isHalfClosed);
    if (!isLate || this.#hasEnded) this.#late = undefined;
    else if (this.#late?.index !== index) this.#late = { index, since: nowMs };
    else if (nowMs - this.#late.since >= limitMs) {
      const details = `The rest of ${isCut ? 'a message' : 'the request'} did not come within ${limitMs / 1000} s`;
      this.end({ code: grpcStatus.deadlineExceeded, details });
      this.#controller.abort();
    }
  }

  /** The server closes. */
  close(): void {
    if (!this.#hasEnded) this.#receiver.onClose?.();
  }

  send(message: Uint8Array, coding?: MessageCoding): void {
    if (this.#hasEnded) return;
    const { writer, onWritten } = this.#options;
    if (!this.#hasAnswered) writer.headers(this.reply, answerBlocks[coding ?? 'identity'], false);
    this.#hasAnswered = true;
    writer.message(this.reply, message, coding !== undefined);
    onWritten();
  }

  sent(): Promise<void> | undefined {
    return this.#options.writer.sent(this.reply);
  }

  end(status: GrpcStatus): void {
    if (this.#hasEnded) return;
    this.#finish();
    const { writer, onWritten } = this.#options;
    if (this.#hasAnswered) writer.end(this.reply, trailersBlock(status));
    else writer.headers(this.reply, statusOnlyBlock(status), true);
    onWritten();
  }

  /** The client does not want the answer any more, or cannot get it. */
  cancel(): void {
    this.#options.writer.forget(this.reply);
    if (this.#hasEnded) return;
    this.#finish();
    this.#controller.abort();
  }

  release({ room, budgetedBytes = 0 }: ReceivedMessage): void {
    this.#options.rooms.giveBack(room);
    if (!this.#hasEnded) this.#giveBack(budgetedBytes);
  }

  #finish(): void {
    this.#hasEnded = true;
    this.#messages.drop();
    this.#giveBack(this.#budgeted); // Not all messages are released: what is cancelled may never have been looked at.
    clearTimeout(this.#deadline);
  }

  #expire(): void {
    this.end({ code: grpcStatus.deadlineExceeded, details: 'Deadline exceeded' });
    this.#controller.abort();
  }

  /** Memory is not given to a message that is of no use before the client has sent everything. */
  #take(message: ReceivedMessage): void {
    const isFirst = this.#messages.endedCount === 1;
    if (isFirst && message.isCompressed && this.#receiver.awaitsHalfClose === true) {
      this.#first = message;
      return;
    }
    this.#readFirst();
    this.#read(message);
  }

  #readFirst(): void {
    const first = this.#first;
    this.#first = undefined;
    if (first !== undefined) this.#read(first);
  }

  #read(message: ReceivedMessage): void {
    if (!message.isCompressed && this.#decompressing === undefined) {
      this.#receiver.onMessage(message);
      return;
    }
    const { length } = message.bytes;
    this.waitingBytes += length;
    this.#afterDecompressing(async () => {
      const readable = message.isCompressed ? await this.#decompress(message) : message;
      this.waitingBytes -= length;
      this.#options.onDecompressed();
      if (readable !== undefined && !this.#hasEnded) this.#receiver.onMessage(readable);
    });
  }

  async #reserve(bytes: number): Promise<number> {
    const { budget } = this.#options;
    const reserved = await budget.take(bytes);
    if (this.#hasEnded) budget.giveBack(reserved);
    else this.#budgeted += reserved;
    return reserved;
  }

  #giveBack(bytes: number): void {
    this.#budgeted -= bytes;
    if (bytes > 0) this.#options.budget.giveBack(bytes);
  }

  #afterDecompressing(act: () => void | Promise<void>): void {
    this.#decompressing = (this.#decompressing ?? Promise.resolve()).then(() => (this.#hasEnded ? undefined : act()));
  }

  /** Ends the call when it cannot be done. */
  async #decompress(message: ReceivedMessage): Promise<ReceivedMessage | undefined> {
    const { encoding } = this.#options.head;
    const maxBytes = mostDecompressedBytes(message.bytes.length, this.#options.maxMessageBytes);
    if (encoding !== 'gzip' && encoding !== 'deflate') {
      this.end(unreadable(encoding));
      return undefined;
    }
    const reserved = await this.#reserve(maxBytes);
    if (this.#hasEnded) return undefined;
    try {
      const bytes = await decoders[encoding](message.bytes, { maxOutputLength: maxBytes });
      this.release(message);
      const budgetedBytes = Math.min(reserved, bytes.length);
      if (!this.#hasEnded) this.#giveBack(reserved - budgetedBytes);
      return { bytes, isCompressed: false, room: undefined, budgetedBytes };
    } catch (thrown) {
      this.end(failedDecompression(thrown, encoding, maxBytes));
      return undefined;
    }
  }
}

const mostDecompressedBytes = (compressedBytes: number, maxMessageBytes: number): number =>
  Math.min(maxMessageBytes, Math.max(decompressedBytes, mostRatio * compressedBytes));

function unreadable(encoding: string): GrpcStatus {
  const isNone = encoding === 'identity';
  const details = isNone ? 'A message is compressed, but grpc-encoding names nothing' : `Cannot read ${encoding}`;
  return { code: isNone ? grpcStatus.internal : grpcStatus.unimplemented, details };
}

function failedDecompression(thrown: unknown, encoding: MessageCoding, maxBytes: number): GrpcStatus {
  const isTooLarge = (thrown as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
  const details = isTooLarge
    ? `Received message that decompresses to a size larger than ${maxBytes}`
    : `Cannot decompress a ${encoding} message: ${messageOf(thrown)}`;
  return { code: isTooLarge ? grpcStatus.resourceExhausted : grpcStatus.internal, details };
}
