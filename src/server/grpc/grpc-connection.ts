import type { Socket } from 'node:net';
import { BlockReader } from '../../http2/block-reader.js';
import { type ControlHandlers, readControlFrame } from '../../http2/control-frame.js';
import { defaultWindowBytes, errorCodes, flags, frame, frameTypes, settingIds } from '../../http2/frame.js';
import { FrameReader } from '../../http2/frame-reader.js';
import { Outbox } from '../../http2/outbox.js';
import {
  connectionPreface,
  goaway,
  readSettings,
  rstStream,
  settingsAck,
  settingsFrame,
  windowUpdate,
} from '../../http2/settings.js';
import { grpcStatus } from '../../protocol/grpc-status.js';
import type { BodyRooms } from '../body-rooms.js';
import type { ByteBudget } from '../byte-budget.js';
import { type CallHead, callHeadOf } from './call-head.js';
import type { GrpcMethod } from './grpc-method.js';
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

const preface = Buffer.from(connectionPreface);
const streamWindowBytes = 8 * 1024 * 1024;
const connectionWindowBytes = 64 * 1024 * 1024;
/** When so much waits to be read by the client, nothing more is read from it. */
const mostUnsentBytes = 16 * 1024 * 1024;
/** When so much of one stream waits for its client's window, or to be decompressed, no more window is given to it. */
const mostWaitingOfStreamBytes = 4 * 1024 * 1024;
const lingerMs = 1000;

/** The server's end of one connection of gRPC over HTTP/2 in cleartext (RFC 9113, with prior knowledge). */
export class GrpcConnection {
  readonly #options: GrpcConnectionOptions;
  readonly #socket: Socket;
  readonly #outbox: Outbox;
  readonly #writer: ReplyWriter;
  readonly #frames: FrameReader;
  readonly #blocks: BlockReader<CallHead>;
  readonly #controls: ControlHandlers;
  readonly #streams = new Map<number, ServerStream>();
  /** Streams whose windows are not given back. */
  readonly #withheld = new Set<ServerStream>();
  #prefaceRead = 0;
  #hasSettings = false;
  /** The last stream that the client opened. */
  #lastStreamId = 0;
  /** The last one that was looked at. */
  #lastServedId = 0;
  #receivedBytes = 0;
  #isReading = false;
  #isFlushDue = false;
  #isClosing = false;
  #isGone = false;

  constructor(socket: Socket, options: GrpcConnectionOptions) {
    this.#options = options;
    this.#socket = socket;
    this.#outbox = new Outbox(socket);
    this.#writer = new ReplyWriter(this.#outbox, (streamId) => this.#ended(streamId));
    this.#frames = new FrameReader((type, frameFlags, id, bytes, from, to) =>
      this.#onFrame(type, frameFlags, id, bytes, from, to),
    );
    this.#blocks = new BlockReader(callHeadOf, (streamId, ends, head) => this.#onHead(streamId, ends, head));
    this.#controls = {
      onWindowUpdate: (streamId, increment) => this.#onWindowUpdate(streamId, increment),
      onPing: (payload) => void this.#outbox.push(frame(frameTypes.ping, flags.ack, 0, payload)),
      onReset: (streamId) => void this.#drop(streamId),
      onGoaway: () => undefined,
    };
    socket.on('drain', () => this.#resume());
    socket.on('error', () => undefined); // `close` follows
    socket.once('end', () => this.#cut());
    socket.once('close', () => this.#leave());
    this.#outbox.push(
      Buffer.concat([
        settingsFrame([[settingIds.initialWindowSize, streamWindowBytes]]),
        windowUpdate(0, connectionWindowBytes - defaultWindowBytes),
      ]),
    );
    this.#outbox.flush();
  }

  /** It has not yet said everything that a client says at first, or is in the middle of a header block. */
  get isStarting(): boolean {
    return !this.#hasSettings || this.#blocks.isOpen;
  }

  /** Ends the calls whose client stops in the middle of a message. */
  endStalled(nowMs: number, limitMs: number): void {
    for (const stream of [...this.#streams.values()]) stream.endIfStalled(nowMs, limitMs);
  }

  /** Takes what came; whether more may come at once. */
  take(bytes: Buffer): boolean {
    if (this.#isGone) return true;
    const violation = this.#read(bytes);
    if (violation !== undefined) this.#refuse(violation);
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
  #read(bytes: Buffer): string | undefined {
    this.#isReading = true;
    try {
      if (this.#prefaceRead === preface.length) return this.#frames.feed(bytes, bytes.length);
      const length = Math.min(bytes.length, preface.length - this.#prefaceRead);
      const expected = preface.subarray(this.#prefaceRead, this.#prefaceRead + length);
      if (!bytes.subarray(0, length).equals(expected)) return 'no HTTP/2 connection preface';
      this.#prefaceRead += length;
      return this.#frames.feed(bytes.subarray(length), bytes.length - length);
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
  ): string | undefined {
    if (this.#isGone) return undefined;
    if (this.#blocks.isOpen && type !== frameTypes.continuation) return 'a header block is interrupted';
    if (!this.#hasSettings && type !== frameTypes.settings) return 'no SETTINGS at first';
    switch (type) {
      case frameTypes.data:
        return this.#onData(frameFlags, streamId, bytes, from, to);
      case frameTypes.headers:
        if (streamId % 2 === 0) return 'a stream of an even number';
        return this.#blocks.headers(frameFlags, streamId, bytes, from, to);
      case frameTypes.continuation:
        return this.#blocks.continuation(frameFlags, streamId, bytes, from, to);
      case frameTypes.settings:
        return this.#onSettings(frameFlags, bytes, from, to);
      default:
        return readControlFrame({ type, flags: frameFlags, streamId, bytes, from, to }, this.#controls);
    }
  }

  #onSettings(frameFlags: number, bytes: Buffer, from: number, to: number): string | undefined {
    if ((frameFlags & flags.ack) !== 0) return undefined;
    const violation = readSettings(bytes, from, to, (id, value) => this.#applySetting(id, value));
    if (violation !== undefined) return violation;
    this.#hasSettings = true;
    this.#outbox.push(settingsAck());
    return undefined;
  }

  #applySetting(id: number, value: number): string | undefined {
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

  #onWindowUpdate(streamId: number, increment: number): string | undefined {
    const stream = this.#streams.get(streamId);
    if (streamId !== 0 && stream === undefined) return undefined;
    const { reply } = stream ?? {};
    const violation = reply === undefined ? this.#writer.widen(increment) : this.#writer.widenStream(reply, increment);
    this.#replenishWithheld();
    return violation;
  }

  #onData(frameFlags: number, streamId: number, bytes: Buffer, from: number, to: number): string | undefined {
    const isPadded = (frameFlags & flags.padded) !== 0;
    const start = isPadded ? from + 1 : from;
    const end = isPadded ? to - (bytes[from] ?? 0) : to;
    if (start > end || streamId === 0) return 'a malformed DATA frame';
    if (streamId > this.#lastStreamId) return 'DATA on a stream that was never opened';
    const stream = this.#streams.get(streamId);
    if (stream?.isHalfClosed) return 'DATA after the end of its stream';
    if (stream !== undefined) {
      stream.receivedBytes += to - from;
      stream.receive(bytes, start, end);
      if ((frameFlags & flags.endStream) === 0) this.#replenish(stream);
      else stream.halfClose();
    }
    this.#receivedBytes += to - from;
    if (this.#receivedBytes > connectionWindowBytes / 2) {
      this.#outbox.push(windowUpdate(0, this.#receivedBytes));
      this.#receivedBytes = 0;
    }
    return undefined;
  }

  /** Gives a stream's window back, but not while its client leaves answers unread, or messages are not decompressed yet. */
  #replenish(stream: ServerStream): void {
    const { reply, receivedBytes, isHalfClosed } = stream;
    if (isHalfClosed || receivedBytes <= streamWindowBytes / 2) return;
    if (Math.max(reply.unsentBytes, stream.waitingBytes) > mostWaitingOfStreamBytes) {
      this.#withheld.add(stream);
      return;
    }
    this.#outbox.push(windowUpdate(reply.streamId, receivedBytes));
    stream.receivedBytes = 0;
    this.#withheld.delete(stream);
  }

  /** Answers have been sent, or messages decompressed. */
  #replenishWithheld(): void {
    for (const stream of this.#withheld) this.#replenish(stream);
  }

  // -------------------------------------------------------------------------------------------- calls

  #onHead(streamId: number, ends: boolean, head: CallHead): void {
    const open = this.#streams.get(streamId);
    if (open !== undefined) {
      if (ends) open.halfClose(); // trailers of the client
      return;
    }
    if (streamId <= this.#lastStreamId) return; // what a client sent before it heard of the end
    this.#lastStreamId = streamId;
    if (this.#isClosing) {
      this.#outbox.push(rstStream(streamId, errorCodes.refusedStream));
      return;
    }
    this.#lastServedId = streamId;
    const method = this.#options.methods.get(head.path);
    if (head.httpRefusal !== undefined) {
      this.#refuseStream(streamId, ends, httpStatusBlock(head.httpRefusal));
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
    this.#withheld.delete(stream);
    // The client may still be sending; the rest is of no interest (RFC 9113 section 8.1).
    if (!stream.isHalfClosed) this.#outbox.push(rstStream(streamId, errorCodes.noError));
    this.#leaveIfIdle();
  }

  #drop(streamId: number): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return;
    this.#streams.delete(streamId);
    this.#withheld.delete(stream);
    stream.cancel();
    this.#leaveIfIdle();
  }

  // -------------------------------------------------------------------------------------------- endings

  /** The client broke the protocol. */
  #refuse(violation: string): void {
    this.#outbox.push(goaway(this.#lastServedId, errorCodes.protocolError, violation));
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
    this.#withheld.clear();
    for (const stream of open) stream.cancel();
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
    if (this.#withheld.size === 0) return;
    this.#replenishWithheld();
    this.#flushSoon();
  }

  #resume(): void {
    if (this.#isGone) return;
    this.#writer.pump();
    this.#replenishWithheld();
    this.#outbox.flush();
    if (this.#socket.writableLength < mostUnsentBytes) this.#socket.resume();
  }
}
