import type { Nanoseconds } from '../../../src/core/units.js';
import {
  defaultMaxFrameBytes,
  defaultWindowBytes,
  errorCodes,
  flags,
  frameHeadBytes,
  frameTypes,
  largestWindowBytes,
  writeFrameHead,
  writeUint32,
} from '../../../src/http2/frame.js';
import type { Outbox } from '../../../src/http2/outbox.js';
import { type Violation, violation } from '../../../src/http2/violation.js';
import type { SequenceMarks } from '../sequence-marks.js';
import { type Piece, writeMarks } from './message-marks.js';
import type { CallImage, PreparedCall } from './prepare-call.js';
import { writeRequestId } from './request-id.js';
import type { StreamTable } from './stream-table.js';

/** Frames larger than this gain nothing, and keep small requests waiting. */
const largestUsefulFrameBytes = 65_536;

/**
 * Writes calls into the outbox as far as the peer's windows allow (RFC 9113 section 5.2); the rest follows when they
 * open. A call that fits, as most do, is one copy of its prepared bytes.
 */
export class CallSender {
  private readonly streams: StreamTable;
  private readonly outbox: Outbox;
  private readonly prepared: readonly PreparedCall[];
  private readonly marks: SequenceMarks | undefined;
  private window = defaultWindowBytes;
  private initialStreamWindow = defaultWindowBytes;
  private maxFrameBytes = defaultMaxFrameBytes;
  /** Slots with a message that is not sent to its end, in the order of their calls. */
  private readonly unsent: number[] = [];
  /** What is being marked; one object for all. */
  private readonly piece: Piece = { bytes: Buffer.alloc(0), at: 0, from: 0, length: 0 };
  /** Streams go on after a message. */
  private readonly isStreaming: boolean;

  constructor(
    streams: StreamTable,
    outbox: Outbox,
    { prepared, marks }: { readonly prepared: readonly PreparedCall[]; readonly marks?: SequenceMarks | undefined },
  ) {
    this.streams = streams;
    this.outbox = outbox;
    this.prepared = prepared;
    this.marks = marks;
    this.isStreaming = prepared[0]?.streamed !== undefined;
  }

  start(request: number, token: number, sentAt: Nanoseconds, attempts: number): void {
    const call = this.prepared[request];
    if (call === undefined) return;
    const { streams } = this;
    const slot = streams.take(request, token, sentAt, attempts);
    const size = call.message.length;
    if (
      call.whole !== undefined &&
      this.unsent.length === 0 &&
      size <= Math.min(this.window, this.initialStreamWindow)
    ) {
      this.writeImage(call.whole, streams.ids[slot] ?? 0);
      this.mark(call, slot, 0, size);
      streams.sendWindow[slot] = this.initialStreamWindow - size;
      this.window -= size;
      streams.isSent[slot] = 1;
      return;
    }
    this.writeImage(call.head, streams.ids[slot] ?? 0);
    streams.sendWindow[slot] = this.initialStreamWindow;
    this.unsent.push(slot);
    this.pump();
  }

  /** Sends the next message of a stream. */
  startNext(slot: number, request: number, token: number, sentAt: Nanoseconds): void {
    const call = this.prepared[request];
    if (call === undefined) return;
    const { streams } = this;
    streams.reuse(slot, request, token, sentAt, 0);
    const size = call.message.length;
    const streamWindow = streams.sendWindow[slot] ?? 0;
    const data = this.unsent.length === 0 && size <= Math.min(this.window, streamWindow) && call.streamed?.data;
    if (data) {
      this.writeImage(data, streams.ids[slot] ?? 0);
      this.mark(call, slot, 0, size);
      streams.sendWindow[slot] = streamWindow - size;
      this.window -= size;
      streams.isSent[slot] = 1;
      return;
    }
    this.unsent.push(slot);
    this.pump();
  }

  /** Sends as much as the windows and the socket allow. */
  pump(): void {
    let kept = 0;
    for (const slot of this.unsent) {
      if (!this.pumpOne(slot)) this.unsent[kept++] = slot;
    }
    this.unsent.length = kept;
  }

  /** The stream is over, perhaps before all of its request was sent. */
  forget(slot: number): void {
    if (this.streams.isSent[slot] !== 1) this.unsent.splice(this.unsent.indexOf(slot), 1);
  }

  /** Says what is wrong, if anything. */
  widen(increment: number): Violation | undefined {
    if (increment === 0) return violation(errorCodes.protocolError, 'WINDOW_UPDATE of 0');
    this.window += increment;
    if (this.window > largestWindowBytes)
      return violation(errorCodes.flowControlError, "the connection's window is too large");
    this.pump();
    return undefined;
  }

  /** Says what is wrong, if anything. */
  widenStream(slot: number, increment: number): Violation | undefined {
    const { sendWindow, isSent } = this.streams;
    if (isSent[slot] === 1 && !this.isStreaming) return undefined;
    const window = (sendWindow[slot] ?? 0) + increment;
    if (increment === 0 || window > largestWindowBytes)
      return violation(errorCodes.flowControlError, `WINDOW_UPDATE of ${increment} on a stream`);
    sendWindow[slot] = window;
    this.pump();
    return undefined;
  }

  /** Also changes the windows of open streams (RFC 9113 section 6.9.2). Says what is wrong, if anything. */
  setInitialStreamWindow(size: number): Violation | undefined {
    if (size > largestWindowBytes)
      return violation(errorCodes.flowControlError, `SETTINGS_INITIAL_WINDOW_SIZE of ${size}`);
    const { sendWindow } = this.streams;
    for (const slot of this.isStreaming ? this.streams.openSlots() : this.unsent) {
      const window = (sendWindow[slot] ?? 0) + size - this.initialStreamWindow;
      if (window > largestWindowBytes) return violation(errorCodes.flowControlError, "a stream's window is too large");
      sendWindow[slot] = window;
    }
    this.initialStreamWindow = size;
    return undefined;
  }

  /** Says what is wrong, if anything. */
  setMaxFrame(size: number): Violation | undefined {
    if (size < defaultMaxFrameBytes || size > 0xffffff)
      return violation(errorCodes.protocolError, `SETTINGS_MAX_FRAME_SIZE of ${size}`);
    this.maxFrameBytes = Math.min(size, largestUsefulFrameBytes);
    return undefined;
  }

  /** Whether the whole message is sent. */
  private pumpOne(slot: number): boolean {
    const { streams, outbox } = this;
    const call = this.prepared[streams.requests[slot] ?? 0];
    if (call === undefined) return true;
    const { message, streamed } = call;
    const lastFlags = streamed === undefined ? flags.endStream : 0;
    let sent = streams.sentBytes[slot] ?? 0;
    while (sent < message.length && !outbox.isClogged) {
      const streamWindow = streams.sendWindow[slot] ?? 0;
      const length = Math.min(message.length - sent, this.maxFrameBytes, this.window, streamWindow);
      if (length <= 0) break;
      this.writeData(streams.ids[slot] ?? 0, message, sent, length, lastFlags);
      this.mark(call, slot, sent, length);
      sent += length;
      this.window -= length;
      streams.sendWindow[slot] = streamWindow - length;
    }
    streams.sentBytes[slot] = sent;
    if (sent < message.length) return false;
    streams.isSent[slot] = 1;
    return true;
  }

  private writeData(streamId: number, message: Buffer, from: number, length: number, lastFlags: number): void {
    const { outbox } = this;
    outbox.reserve(frameHeadBytes + length);
    const at = writeFrameHead(outbox.bytes, outbox.length, {
      length,
      type: frameTypes.data,
      flags: from + length === message.length ? lastFlags : 0,
      streamId,
    });
    message.copy(outbox.bytes, at, from, from + length);
    outbox.length = at + length;
  }

  /** Marks what was written last, which ends in a part of the call's message. */
  private mark({ marksOffset, streamed }: PreparedCall, slot: number, from: number, length: number): void {
    const { piece, outbox, streams } = this;
    if (streamed?.requestIdAt !== undefined) {
      const start = outbox.length - length;
      const id = streams.requestIds[slot] ?? 0;
      writeRequestId(outbox.bytes, start + streamed.requestIdAt - from, id, start, outbox.length);
    }
    if (marksOffset === undefined || this.marks === undefined) return;
    piece.bytes = outbox.bytes;
    piece.at = outbox.length - length;
    piece.from = from;
    piece.length = length;
    writeMarks(piece, marksOffset, this.marks, streams.tokens[slot] ?? 0);
  }

  private writeImage({ bytes, idOffsets }: CallImage, streamId: number): void {
    const { outbox } = this;
    outbox.reserve(bytes.length);
    outbox.bytes.set(bytes, outbox.length);
    for (let index = 0; index < idOffsets.length; index++) {
      writeUint32(outbox.bytes, outbox.length + (idOffsets[index] ?? 0), streamId);
    }
    outbox.length += bytes.length;
  }
}
