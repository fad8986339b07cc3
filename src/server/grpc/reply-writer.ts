import {
  defaultMaxFrameBytes,
  defaultWindowBytes,
  errorCodes,
  flags,
  frameHeadBytes,
  frameTypes,
  largestWindowBytes,
  writeFrameHead,
} from '../../http2/frame.js';
import type { Outbox } from '../../http2/outbox.js';
import { type Violation, violation } from '../../http2/violation.js';
import { messagePrefixBytes, writeMessagePrefix } from './message-prefix.js';

/** Larger frames save nothing any more. */
const largestUsefulFrameBytes = 131_072;

/** What is still to be sent on one stream. */
export interface Reply {
  readonly streamId: number;
  /** What the client still lets us send; may be negative (RFC 9113 section 6.9.2). */
  window: number;
  /** Bytes of messages with their prefixes, and how much of the first piece is sent. */
  readonly pieces: Uint8Array[];
  sentOfFirst: number;
  /** Of all pieces. */
  unsentBytes: number;
  /** Called when no piece is left. */
  readonly onSent: (() => void)[];
  /** The block that ends the stream, after all pieces. */
  trailers: Uint8Array | undefined;
}

/** Writes the answers of one connection within the windows that the client gives (RFC 9113 section 5.2). */
export class ReplyWriter {
  readonly #outbox: Outbox;
  /** Called when the last frame of a stream is written. */
  readonly #onEnded: (streamId: number) => void;
  readonly #unsent = new Set<Reply>();
  #window = defaultWindowBytes;
  #initialStreamWindow = defaultWindowBytes;
  #maxFrameBytes = defaultMaxFrameBytes;

  constructor(outbox: Outbox, onEnded: (streamId: number) => void) {
    this.#outbox = outbox;
    this.#onEnded = onEnded;
  }

  open(streamId: number): Reply {
    return {
      streamId,
      window: this.#initialStreamWindow,
      pieces: [],
      sentOfFirst: 0,
      unsentBytes: 0,
      onSent: [],
      trailers: undefined,
    };
  }

  /** Sends a header block; it must be small. */
  headers({ streamId }: Reply, block: Uint8Array, ends: boolean): void {
    const length = block.length;
    const outbox = this.#outbox;
    outbox.reserve(frameHeadBytes + length);
    const headFlags = flags.endHeaders | (ends ? flags.endStream : 0);
    const head = { length, type: frameTypes.headers, flags: headFlags, streamId };
    const at = writeFrameHead(outbox.bytes, outbox.length, head);
    outbox.bytes.set(block, at);
    outbox.length = at + length;
    if (ends) this.#onEnded(streamId);
  }

  /** Sends a message, as much of it at once as the windows allow. The bytes must not change any more. */
  message(reply: Reply, bytes: Uint8Array, isCompressed: boolean): void {
    const size = messagePrefixBytes + bytes.length;
    const fits = size <= Math.min(this.#window, reply.window, this.#maxFrameBytes);
    if (fits && reply.pieces.length === 0 && !this.#outbox.isClogged) {
      const outbox = this.#outbox;
      outbox.reserve(frameHeadBytes + size);
      const head = { length: size, type: frameTypes.data, flags: 0, streamId: reply.streamId };
      const at = writeMessagePrefix(
        outbox.bytes,
        writeFrameHead(outbox.bytes, outbox.length, head),
        bytes.length,
        isCompressed,
      );
      outbox.bytes.set(bytes, at);
      outbox.length = at + bytes.length;
      this.#spend(reply, size);
      return;
    }
    const prefix = Buffer.allocUnsafe(messagePrefixBytes);
    writeMessagePrefix(prefix, 0, bytes.length, isCompressed);
    reply.pieces.push(prefix);
    if (bytes.length > 0) reply.pieces.push(bytes);
    reply.unsentBytes += size;
    this.#unsent.add(reply);
    this.pump();
  }

  /** Resolves when everything that was sent on a stream so far is with the socket, or nobody wants it any more. */
  sent(reply: Reply): Promise<void> | undefined {
    if (!this.#unsent.has(reply)) return undefined;
    return new Promise((resolve) => reply.onSent.push(resolve));
  }

  /** Ends a stream with its trailers, once all of its messages are sent. */
  end(reply: Reply, trailers: Uint8Array): void {
    if (reply.pieces.length === 0) this.headers(reply, trailers, true);
    else reply.trailers = trailers;
  }

  /** Nothing more is sent on a stream. */
  forget(reply: Reply): void {
    this.#unsent.delete(reply);
    for (const tell of reply.onSent.splice(0)) tell();
  }

  /** Sends as much as the windows and the socket allow. */
  pump(): void {
    for (const reply of this.#unsent) {
      this.#pumpOne(reply);
      if (reply.pieces.length > 0) continue;
      this.#unsent.delete(reply);
      for (const tell of reply.onSent.splice(0)) tell();
      if (reply.trailers !== undefined) this.headers(reply, reply.trailers, true);
    }
  }

  /** Says what is wrong, if anything. */
  widen(increment: number): Violation | undefined {
    this.#window += increment;
    const wrong = widened(increment, this.#window, 'the connection');
    if (wrong === undefined) this.pump();
    return wrong;
  }

  /** Says what is wrong, if anything: with the stream, not with the connection. */
  widenStream(reply: Reply, increment: number): Violation | undefined {
    reply.window += increment;
    const wrong = widened(increment, reply.window, 'a stream');
    if (wrong === undefined) this.pump();
    return wrong;
  }

  /** Also changes the windows of open streams (RFC 9113 section 6.9.2). Says what is wrong, if anything. */
  setInitialStreamWindow(size: number, open: Iterable<Reply>): Violation | undefined {
    if (size > largestWindowBytes) return tooWide(`SETTINGS_INITIAL_WINDOW_SIZE of ${size}`);
    for (const reply of open) {
      reply.window += size - this.#initialStreamWindow;
      if (reply.window > largestWindowBytes) return tooWide("a stream's window is too large");
    }
    this.#initialStreamWindow = size;
    this.pump();
    return undefined;
  }

  /** Says what is wrong, if anything. */
  setMaxFrame(size: number): Violation | undefined {
    if (size < defaultMaxFrameBytes || size > 0xffffff)
      return violation(errorCodes.protocolError, `SETTINGS_MAX_FRAME_SIZE of ${size}`);
    this.#maxFrameBytes = Math.min(size, largestUsefulFrameBytes);
    return undefined;
  }

  #pumpOne(reply: Reply): void {
    while (reply.pieces.length > 0 && !this.#outbox.isClogged) {
      const length = Math.min(unsentOfFirst(reply), this.#maxFrameBytes, this.#window, reply.window);
      if (length <= 0) return;
      this.#writeData(reply, length);
      reply.unsentBytes -= length;
      this.#spend(reply, length);
    }
  }

  /** One DATA frame of the first pieces. */
  #writeData(reply: Reply, length: number): void {
    const outbox = this.#outbox;
    outbox.reserve(frameHeadBytes + length);
    const { streamId, pieces } = reply;
    let at = writeFrameHead(outbox.bytes, outbox.length, { length, type: frameTypes.data, flags: 0, streamId });
    const end = at + length;
    while (at < end) {
      const piece = pieces[0] ?? Buffer.alloc(0);
      const part = piece.subarray(reply.sentOfFirst, reply.sentOfFirst + end - at);
      outbox.bytes.set(part, at);
      at += part.length;
      reply.sentOfFirst += part.length;
      if (reply.sentOfFirst < piece.length) continue;
      pieces.shift();
      reply.sentOfFirst = 0;
    }
    outbox.length = end;
  }

  #spend(reply: Reply, size: number): void {
    this.#window -= size;
    reply.window -= size;
  }
}

const tooWide = (text: string): Violation => violation(errorCodes.flowControlError, text);

/** What is wrong with a WINDOW_UPDATE after which the window is so large (RFC 9113 sections 6.9 and 6.9.1). */
function widened(increment: number, window: number, of: string): Violation | undefined {
  const text = `WINDOW_UPDATE of ${increment} for ${of}`;
  if (increment === 0) return violation(errorCodes.protocolError, text);
  return window > largestWindowBytes ? tooWide(text) : undefined;
}

/** Of the first pieces: a prefix and its message go into one frame. */
function unsentOfFirst({ pieces, sentOfFirst }: Reply): number {
  return (pieces[0]?.length ?? 0) - sentOfFirst + (pieces[1]?.length ?? 0);
}
