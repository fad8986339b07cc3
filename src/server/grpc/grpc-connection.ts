import type { Socket } from 'node:net';
import { BlockReader } from '../../http2/block-reader.js';
import { type ControlHandlers, readControlFrame } from '../../http2/control-frame.js';
import { errorCodes, flags, frame, frameTypes, settingIds } from '../../http2/frame.js';
import { FrameReader } from '../../http2/frame-reader.js';
import { Outbox } from '../../http2/outbox.js';
import { goaway, misframedSettings, readSettings, rstStream, settingsAck } from '../../http2/settings.js';
import { type Violation, violation } from '../../http2/violation.js';
import { grpcStatus } from '../../protocol/grpc-status.js';
import type { BodyRooms } from '../body-rooms.js';
import type { ByteBudget } from '../byte-budget.js';
import { type CallHead, callHeadOf } from './call-head.js';
import { mostStreams, PrefaceReader, serverOpening } from './connection-opening.js';
import type { GrpcMethod } from './grpc-method.js';
import { ReceiveWindows } from './receive-windows.js';
import { ReplyWriter } from './reply-writer.js';
import { ServerStream } from './server-stream.js';
import { httpStatusBlock, statusOnlyBlock } from './status-block.js';

export interface GrpcConnectionOptions {
  /** By path, e.g. `/inference.GRPCInferenceService/ModelInfer`. */
  readonly methods: ReadonlyMap<string, GrpcMethod>;
  readonly rooms: BodyRooms;
  /** Of decompressed messages. */
  readonly budget: ByteBudget;
  readonly maxMessageBytes: number;
  /** Nothing of the connection is left. */
  readonly onGone: (connection: GrpcConnection) => void;
}

/** When so much waits to be read by the client, nothing more is read from it. */
const mostUnsentBytes = 16 * 1024 * 1024;
const lingerMs = 1000;

const broken = (text: string): Violation => violation(errorCodes.protocolError, text);

/** The server's end of one connection of gRPC over HTTP/2 in cleartext (RFC 9113, with prior knowledge). */
export class GrpcConnection {
  readonly #options: GrpcConnectionOptions;
  readonly #socket: Socket;
  readonly #outbox: Outbox;
  readonly #writer: ReplyWriter;
  readonly #preface = new PrefaceReader();
  readonly #frames: FrameReader;
  readonly #blocks: BlockReader<CallHead>;
  readonly #controls: ControlHandlers;
  readonly #streams = new Map<number, ServerStream>();
  readonly #windows: ReceiveWindows;
  #hasSettings = false;
  /** The last stream that the client opened. */
  #lastStreamId = 0;
  /** The last one that was looked at. */
  #lastServedId = 0;
  #isReading = false;
  #isFlushDue = false;
  #isClosing = false;
  #isGone = false;

  constructor(socket: Socket, options: GrpcConnectionOptions) {
    this.#options = options;
    this.#socket = socket;
    this.#outbox = new Outbox(socket);
    this.#writer = new ReplyWriter(this.#outbox, (streamId) => this.#ended(streamId));
    this.#windows = new ReceiveWindows((update) => this.#outbox.push(update));
    this.#frames = new FrameReader((type, frameFlags, id, bytes, from, to) =>
      this.#onFrame(type, frameFlags, id, bytes, from, to),
    );
    this.#blocks = new BlockReader(callHeadOf, (streamId, ends, head) => this.#onHead(streamId, ends, head));
    this.#controls = {
      onWindowUpdate: (streamId, increment) => this.#onWindowUpdate(streamId, increment),
      onPing: (payload) => void this.#outbox.push(frame(frameTypes.ping, flags.ack, 0, payload)),
      onReset: (streamId) => this.#onReset(streamId),
      onGoaway: () => undefined,
    };
    socket.on('drain', () => this.#resume());
    socket.on('error', () => undefined); // `close` follows
    socket.on('timeout', () => void (socket.writableLength > 0 && socket.destroy()));
    socket.once('end', () => this.#cut());
    socket.once('close', () => this.#leave());
    this.#outbox.push(serverOpening);
    this.#outbox.flush();
  }

  /** It has not yet said everything that a client says at first, or is in the middle of a header block. */
  get isStarting(): boolean {
    return !this.#hasSettings || this.#blocks.isOpen;
  }

  /** Ends the calls whose client stops in the middle of a message, and leaves a client that takes nothing of its answers. */
  endStalled(nowMs: number, limitMs: number): void {
    const isWaiting = this.#socket.writableLength > 0;
    if (isWaiting !== Boolean(this.#socket.timeout)) this.#socket.setTimeout(isWaiting ? limitMs : 0);
    for (const stream of [...this.#streams.values()]) stream.endIfStalled(nowMs, limitMs);
  }

  /** Takes what came; whether more may come at once. */
  take(bytes: Buffer): boolean {
    if (this.#isGone) return true;
    const wrong = this.#read(bytes);
    if (wrong !== undefined) this.#refuse(wrong);
    this.#outbox.flush();
    return this.#socket.writableLength < mostUnsentBytes;
  }

  /** Takes no new calls; ends when the present ones are answered. */
  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#outbox.push(goaway(this.#lastServedId, errorCodes.noError, ''));
    this.#flushSoon();
    for (const stream of this.#streams.values()) stream.close();
    this.#leaveIfIdle();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  // -------------------------------------------------------------------------------------------- reading

  /** Says what is wrong, if anything. */
  #read(bytes: Buffer): Violation | undefined {
    this.#isReading = true;
    try {
      if (this.#preface.isDone) return this.#frames.feed(bytes, bytes.length);
      const taken = this.#preface.read(bytes);
      if (taken === undefined) return broken('no HTTP/2 connection preface');
      return this.#frames.feed(bytes.subarray(taken), bytes.length - taken);
    } finally {
      this.#isReading = false;
    }
  }

  #onFrame(
    type: number,
    frameFlags: number,
    streamId: number,
    bytes: Buffer,
    from: number,
    to: number,
  ): Violation | undefined {
    if (this.#isGone) return undefined;
    if (this.#blocks.isOpen && type !== frameTypes.continuation) return broken('a header block is interrupted');
    if (!this.#hasSettings && type !== frameTypes.settings) return broken('no SETTINGS at first');
    switch (type) {
      case frameTypes.data:
        return this.#onData(frameFlags, streamId, bytes, from, to);
      case frameTypes.headers:
        if (streamId % 2 === 0) return broken('a stream of an even number');
        return this.#blocks.headers(frameFlags, streamId, bytes, from, to);
      case frameTypes.continuation:
        return this.#blocks.continuation(frameFlags, streamId, bytes, from, to);
      case frameTypes.settings:
        return this.#onSettings(frameFlags, streamId, bytes, from, to);
      default:
        return readControlFrame({ type, flags: frameFlags, streamId, bytes, from, to }, this.#controls);
    }
  }

  #onSettings(frameFlags: number, streamId: number, bytes: Buffer, from: number, to: number): Violation | undefined {
    const misframed = misframedSettings(frameFlags, streamId, to - from);
    if (misframed !== undefined || (frameFlags & flags.ack) !== 0) return misframed;
    const wrong = readSettings(bytes, from, to, (id, value) => this.#applySetting(id, value));
    if (wrong !== undefined) return wrong;
    this.#hasSettings = true;
    this.#outbox.push(settingsAck());
    return undefined;
  }

  #applySetting(id: number, value: number): Violation | undefined {
    switch (id) {
      case settingIds.initialWindowSize:
        return this.#writer.setInitialStreamWindow(
          value,
          Array.from(this.#streams.values(), ({ reply }) => reply),
        );
      case settingIds.maxFrameSize:
        return this.#writer.setMaxFrame(value);
      default:
        return undefined;
    }
  }

  #onWindowUpdate(streamId: number, increment: number): Violation | undefined {
    if (this.#isIdle(streamId)) return broken('WINDOW_UPDATE on a stream that was never opened');
    const stream = this.#streams.get(streamId);
    if (streamId === 0) {
      const wrong = this.#writer.widen(increment);
      if (wrong !== undefined) return wrong;
    } else if (stream !== undefined) {
      const wrong = this.#writer.widenStream(stream.reply, increment);
      if (wrong !== undefined) this.#resetStream(streamId, wrong.errorCode);
    }
    this.#windows.replenishWithheld();
    return undefined;
  }

  #onReset(streamId: number): Violation | undefined {
    if (this.#isIdle(streamId)) return broken('RST_STREAM on a stream that was never opened');
    this.#drop(streamId);
    return undefined;
  }

  #onData(frameFlags: number, streamId: number, bytes: Buffer, from: number, to: number): Violation | undefined {
    const isPadded = (frameFlags & flags.padded) !== 0;
    const start = isPadded ? from + 1 : from;
    const end = isPadded ? to - (bytes[from] ?? 0) : to;
    if (start > end || streamId === 0) return broken('a malformed DATA frame');
    if (this.#isIdle(streamId)) return broken('DATA on a stream that was never opened');
    this.#windows.received(to - from);
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return undefined; // what a client sent before it heard of the end
    if (stream.isHalfClosed) this.#resetStream(streamId, errorCodes.streamClosed);
    else if (!this.#windows.receivedOn(stream, to - from)) this.#resetStream(streamId, errorCodes.flowControlError);
    else this.#receive(stream, bytes, { start, end, ends: (frameFlags & flags.endStream) !== 0 });
    return undefined;
  }

  #receive(
    stream: ServerStream,
    bytes: Buffer,
    { start, end, ends }: { readonly start: number; readonly end: number; readonly ends: boolean },
  ): void {
    stream.receive(bytes, start, end);
    if (ends) stream.halfClose();
    else this.#windows.replenish(stream);
  }

  /** The client has not opened it; we open none. */
  #isIdle(streamId: number): boolean {
    return streamId > this.#lastStreamId || (streamId % 2 === 0 && streamId !== 0);
  }

  // -------------------------------------------------------------------------------------------- calls

  #onHead(streamId: number, ends: boolean, head: CallHead): Violation | undefined {
    const open = this.#streams.get(streamId);
    if (open !== undefined) {
      this.#onTrailers(open, ends, head);
      return undefined;
    }
    if (streamId <= this.#lastStreamId) {
      // Trailers may have been sent before the client heard of the end.
      return head.isTrailers ? undefined : violation(errorCodes.streamClosed, 'a call on a stream of before');
    }
    this.#lastStreamId = streamId;
    if (this.#isClosing || this.#streams.size >= mostStreams) {
      this.#outbox.push(rstStream(streamId, errorCodes.refusedStream));
      return undefined;
    }
    this.#lastServedId = streamId;
    if (head.isMalformed) this.#outbox.push(rstStream(streamId, errorCodes.protocolError));
    else this.#call(streamId, ends, head);
    return undefined;
  }

  /** The client ends what it sends with fields (RFC 9113 section 8.1). */
  #onTrailers(stream: ServerStream, ends: boolean, head: CallHead): void {
    const { streamId } = stream.reply;
    if (stream.isHalfClosed) this.#resetStream(streamId, errorCodes.streamClosed);
    else if (ends && head.isTrailers) stream.halfClose();
    else this.#resetStream(streamId, errorCodes.protocolError);
  }

  #call(streamId: number, ends: boolean, head: CallHead): void {
    const method = this.#options.methods.get(head.path);
    if (head.httpRefusal !== undefined) {
      this.#refuseStream(streamId, ends, httpStatusBlock(head.httpRefusal));
    } else if (head.refusal !== undefined) {
      this.#refuseStream(streamId, ends, statusOnlyBlock(head.refusal));
    } else if (method === undefined) {
      const details = `The server does not implement the method ${head.path.slice(0, 200)}`;
      this.#refuseStream(streamId, ends, statusOnlyBlock({ code: grpcStatus.unimplemented, details }));
    } else {
      this.#open(streamId, ends, head, method);
    }
  }

  #open(streamId: number, ends: boolean, head: CallHead, method: GrpcMethod): void {
    const stream = new ServerStream(streamId, {
      ...this.#options,
      head,
      method,
      writer: this.#writer,
      onWritten: () => this.#flushSoon(),
      onDecompressed: () => this.#onDecompressed(),
    });
    this.#streams.set(streamId, stream);
    if (ends) stream.halfClose();
  }

  #refuseStream(streamId: number, ends: boolean, block: Uint8Array): void {
    const reply = this.#writer.open(streamId);
    this.#writer.headers(reply, block, true);
    if (!ends) this.#outbox.push(rstStream(streamId, errorCodes.noError));
  }

  /** Everything that is to be sent on a stream is written. */
  #ended(streamId: number): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return;
    this.#streams.delete(streamId);
    this.#windows.forget(stream);
    // The client may still be sending; the rest is of no interest (RFC 9113 section 8.1).
    if (!stream.isHalfClosed) this.#outbox.push(rstStream(streamId, errorCodes.noError));
    this.#leaveIfIdle();
  }

  #drop(streamId: number): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return;
    this.#streams.delete(streamId);
    this.#windows.forget(stream);
    stream.cancel();
    this.#leaveIfIdle();
  }

  /** The client broke the rules of one stream: only that one ends (RFC 9113 section 5.4.2). */
  #resetStream(streamId: number, errorCode: number): void {
    this.#outbox.push(rstStream(streamId, errorCode));
    this.#drop(streamId);
  }

  // -------------------------------------------------------------------------------------------- endings

  /** The client broke the protocol. */
  #refuse({ errorCode, text }: Violation): void {
    this.#outbox.push(goaway(this.#lastServedId, errorCode, text));
    this.#outbox.flush();
    this.#cut();
  }

  #leaveIfIdle(): void {
    if (!this.#isClosing || this.#streams.size > 0) return;
    this.#flushSoon();
    queueMicrotask(() => this.#cut());
  }

  /** Sends what is written and closes; a client that does not close its end is left. */
  #cut(): void {
    if (this.#socket.destroyed) return;
    this.#outbox.flush();
    this.#socket.end();
    setTimeout(() => this.#socket.destroy(), lingerMs).unref();
    this.#cancelAll();
  }

  #leave(): void {
    this.#cancelAll();
    this.#options.onGone(this);
  }

  #cancelAll(): void {
    this.#isGone = true;
    const open = [...this.#streams.values()];
    this.#streams.clear();
    for (const stream of open) {
      this.#windows.forget(stream);
      stream.cancel();
    }
  }

  // -------------------------------------------------------------------------------------------- writing

  /** Frames of one turn leave together: at the end of a read, or when the code that sends has returned. */
  #flushSoon(): void {
    if (this.#isReading || this.#isFlushDue) return;
    this.#isFlushDue = true;
    queueMicrotask(() => {
      this.#isFlushDue = false;
      if (!this.#socket.destroyed) this.#outbox.flush();
    });
  }

  #onDecompressed(): void {
    if (!this.#windows.isWithholding) return;
    this.#windows.replenishWithheld();
    this.#flushSoon();
  }

  #resume(): void {
    if (this.#isGone) return;
    this.#writer.pump();
    this.#windows.replenishWithheld();
    this.#outbox.flush();
    if (this.#socket.writableLength < mostUnsentBytes) this.#socket.resume();
  }
}
