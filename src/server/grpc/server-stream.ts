import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { messageOf } from '../../core/perf-error.js';
import { grpcStatus } from '../../protocol/grpc-status.js';
import type { BodyRooms } from '../body-rooms.js';
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
  readonly maxMessageBytes: number;
  /** Frames were written outside of a read. */
  readonly onWritten: () => void;
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
  /** The message that was not complete at the last look, and since when (monotonic ms). */
  #cut: { readonly index: number; readonly since: number } | undefined;
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
    const tooLarge = this.#messages.read(bytes, from, to, (message) => this.#take(message));
    if (tooLarge === undefined) return;
    const { maxMessageBytes } = this.#options;
    const details = `Received message larger than max (${tooLarge} vs. ${maxMessageBytes})`;
    this.end({ code: grpcStatus.resourceExhausted, details });
  }

  /** The client sends nothing more. */
  halfClose(): void {
    this.isHalfClosed = true;
    if (this.#hasEnded) return;
    if (this.#messages.isCut) {
      this.end({ code: grpcStatus.internal, details: 'The request ends in the middle of a message' });
    } else if (this.#decompressing === undefined) {
      this.#receiver.onHalfClose();
    } else {
      this.#afterDecompressing(() => this.#receiver.onHalfClose());
    }
  }

  /** Ends the call when one message of the client has been on its way for `limitMs`, as far as looks since then can tell. */
  endIfStalled(nowMs: number, limitMs: number): void {
    const { isCut, endedCount: index } = this.#messages;
    if (!isCut || this.#hasEnded) this.#cut = undefined;
    else if (this.#cut?.index !== index) this.#cut = { index, since: nowMs };
    else if (nowMs - this.#cut.since >= limitMs) {
      const details = `The rest of a message did not come within ${limitMs / 1000} s`;
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

  release({ room }: ReceivedMessage): void {
    this.#options.rooms.giveBack(room);
  }

  #finish(): void {
    this.#hasEnded = true;
    this.#messages.drop();
    clearTimeout(this.#deadline);
  }

  #expire(): void {
    this.end({ code: grpcStatus.deadlineExceeded, details: 'Deadline exceeded' });
    this.#controller.abort();
  }

  #take(message: ReceivedMessage): void {
    if (!message.isCompressed && this.#decompressing === undefined) {
      this.#receiver.onMessage(message);
      return;
    }
    this.#afterDecompressing(async () => {
      const readable = message.isCompressed ? await this.#decompress(message) : message;
      if (readable !== undefined) this.#receiver.onMessage(readable);
    });
  }

  #afterDecompressing(act: () => void | Promise<void>): void {
    this.#decompressing = (this.#decompressing ?? Promise.resolve()).then(() => (this.#hasEnded ? undefined : act()));
  }

  /** Ends the call when it cannot be done. */
  async #decompress(message: ReceivedMessage): Promise<ReceivedMessage | undefined> {
    const { encoding } = this.#options.head;
    const maxBytes = mostDecompressedBytes(message.bytes.length, this.#options.maxMessageBytes);
    if (encoding !== 'gzip' && encoding !== 'deflate') {
      const isNone = encoding === 'identity';
      const details = isNone ? 'A message is compressed, but grpc-encoding names nothing' : `Cannot read ${encoding}`;
      this.end({ code: isNone ? grpcStatus.internal : grpcStatus.unimplemented, details });
      return undefined;
    }
    try {
      const bytes = await decoders[encoding](message.bytes, { maxOutputLength: maxBytes });
      this.release(message);
      return { bytes, isCompressed: false, room: undefined };
    } catch (thrown) {
      const isTooLarge = (thrown as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
      const details = isTooLarge
        ? `Received message that decompresses to a size larger than ${maxBytes}`
        : `Cannot decompress a ${encoding} message: ${messageOf(thrown)}`;
      this.end({ code: isTooLarge ? grpcStatus.resourceExhausted : grpcStatus.internal, details });
      return undefined;
    }
  }
}

const mostDecompressedBytes = (compressedBytes: number, maxMessageBytes: number): number =>
  Math.min(maxMessageBytes, Math.max(decompressedBytes, mostRatio * compressedBytes));
