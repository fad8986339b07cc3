import type { Socket } from 'node:net';
import type { TlsOptions } from '../../../src/client/tls.js';
import type { Clock } from '../../../src/core/clock.js';
import type { Failure } from '../../../src/core/failure.js';
import { minus, type Nanoseconds, ns, toMs } from '../../../src/core/units.js';
import { BlockReader } from '../../../src/http2/block-reader.js';
import { type ControlHandlers, type Goaway, readControlFrame } from '../../../src/http2/control-frame.js';
import { errorCodes, flags, frame, frameTypes, settingIds } from '../../../src/http2/frame.js';
import { FrameReader } from '../../../src/http2/frame-reader.js';
import { Outbox } from '../../../src/http2/outbox.js';
import { misframedSettings, readSettings, rstStream, settingsAck, windowUpdate } from '../../../src/http2/settings.js';
import { type Violation, violation } from '../../../src/http2/violation.js';
import type { Compression } from '../compression.js';
import { abandoned, closedByPeer, timedOut, violated } from '../failures.js';
import { type Address, closeSocket, openSocket, type SocketEvents } from '../tcp.js';
import type { OpenOptions } from '../transport.js';
import type { Answers } from './answer-reader.js';
import { CallSender } from './call-sender.js';
import { clientPreface } from './client-preface.js';
import { resetFailure } from './grpc-failure.js';
import { openAnswers } from './open-answers.js';
import type { PreparedCall } from './prepare-call.js';
import { type ResponseFields, responseFields } from './response-fields.js';
import type { StreamingOptions } from './stream-answers.js';
import { type PendingCall, StreamTable } from './stream-table.js';

export interface Http2ConnectionOptions
  extends Pick<OpenOptions, 'onReply' | 'onBody' | 'keepsBody' | 'onResponse' | 'marks'> {
  readonly address: Address;
  /** Given when the connection is encrypted. */
  readonly tls?: TlsOptions | undefined;
  readonly clock: Clock;
  readonly prepared: readonly PreparedCall[];
  /** How many streams are open at a time, at most. */
  readonly capacity: number;
  /** Shared by all connections of a transport: a read is taken apart before the next one starts. */
  readonly readBuffer: Buffer;
  /** Requests have a time limit, so that the status DEADLINE_EXCEEDED is ours. */
  readonly hasTimeLimit: boolean;
  /** What answers may have. */
  readonly compression?: Compression | undefined;
  /** Takes calls that the server certainly has not looked at; the failure is for those that are not sent again. */
  readonly onReturn: (call: PendingCall, failure: Failure) => void;
  /** Nothing of the connection is left. */
  readonly onGone: (connection: Http2Connection) => void;
  readonly firstStreamId?: number | undefined;
  /** Given when a stream carries one request after the other. */
  readonly streaming?: StreamingOptions | undefined;
}

const broken = (text: string): Violation => violation(errorCodes.protocolError, text);

/** Windows are given back when this much has been received. */
const windowStepBytes = 2 ** 29;

/**
 * One connection of gRPC over HTTP/2 (RFC 9113): in cleartext with prior knowledge, or agreed upon in TLS. It is used until the server says GOAWAY,
 * the stream ids run out, or it breaks; another one takes its place then. Calls wait while the connection is being made,
 * and while the server allows no more streams.
 */
export class Http2Connection {
  private readonly options: Http2ConnectionOptions;
  private readonly socket: Socket;
  private readonly streams: StreamTable;
  private readonly outbox: Outbox;
  private readonly sender: CallSender;
  private readonly frames: FrameReader;
  private readonly blocks: BlockReader<ResponseFields>;
  private readonly answers: Answers;
  private readonly controls: ControlHandlers;
  private readonly waiting: PendingCall[] = [];
  /** Open streams that carry no request at present. */
  private readonly idle: number[] = [];
  private streamLimit: number;
  /** The server's SETTINGS have arrived. */
  private isOpen = false;
  private isDraining = false;
  private isGone = false;
  private isReading = false;
  private isFlushDue = false;
  private receivedBytes = 0;
  private lastReadAt: Nanoseconds;
  private now: Nanoseconds;
  private goaway: string | undefined = undefined;

  constructor(options: Http2ConnectionOptions) {
    this.options = options;
    this.streamLimit = options.capacity;
    this.streams = new StreamTable(options.capacity, options.firstStreamId);
    this.frames = new FrameReader((type, frameFlags, id, bytes, from, to) =>
      this.onFrame(type, frameFlags, id, bytes, from, to),
    );
    this.blocks = new BlockReader(responseFields, (streamId, ends, fields) => {
      this.onFields(streamId, ends, fields);
      return undefined;
    });
    this.answers = openAnswers(this.streams, options, (slot, failure, lastAt) =>
      this.endRequest(slot, failure, lastAt),
    );
    this.controls = {
      onWindowUpdate: (streamId, increment) => this.onWindowUpdate(streamId, increment),
      onPing: (payload) => void this.outbox.push(frame(frameTypes.ping, flags.ack, 0, payload)),
      onReset: (streamId, errorCode) => void this.onReset(streamId, errorCode),
      onGoaway: (goaway) => void this.onGoaway(goaway),
    };
    this.now = options.clock.now();
    this.lastReadAt = this.now;
    const events: SocketEvents = {
      readBuffer: options.readBuffer,
      onRead: (size) => this.read(size),
      onEnd: () => this.break(closedByPeer),
      onBroken: (failure) => this.break(failure),
      onDrain: () => this.resume(),
    };
    this.socket = openSocket(options.address, events, options.tls && { tls: options.tls, protocol: 'h2' });
    this.outbox = new Outbox(this.socket);
    this.sender = new CallSender(this.streams, this.outbox, options);
    this.socket.write(clientPreface());
  }

  /** Takes further calls. */
  get isUsable(): boolean {
    return !this.isDraining && !this.isGone;
  }

  /** How many calls it has taken and not yet answered. */
  get load(): number {
    return this.streams.open - this.idle.length + this.waiting.length;
  }

  /** The connection must be usable. Sent at the latest at the end of this turn. */
  start(request: number, token: number, sentAt: Nanoseconds, attempts: number): void {
    if (!this.hasRoom || this.waiting.length > 0) {
      this.waiting.push({ request, token, sentAt, attempts });
      return;
    }
    this.begin(request, token, sentAt, attempts);
    this.flushSoon();
  }

  private get hasRoom(): boolean {
    return this.isOpen && (this.idle.length > 0 || this.streams.open < this.streamLimit);
  }

  private begin(request: number, token: number, sentAt: Nanoseconds, attempts: number): void {
    const slot = this.idle.pop();
    if (slot === undefined) this.sender.start(request, token, sentAt, attempts);
    else this.sender.startNext(slot, request, token, sentAt);
    if (this.streams.isExhausted) this.isDraining = true;
  }

  /** Gives up calls that are older than `limit`; and the connection for new calls, when it was silent for half of it. */
  expire(now: Nanoseconds, limit: Nanoseconds): void {
    this.now = now;
    const failure = timedOut(toMs(limit));
    const isLate = (sentAt: number): boolean => minus(now, ns(sentAt)) > limit;
    const lateWaiting = this.waiting.filter(({ sentAt }) => isLate(sentAt));
    const lateSlots = this.streams.busySlots().filter((slot) => isLate(this.streams.sentAt[slot] ?? 0));
    if (lateWaiting.length + lateSlots.length === 0) return;
    if (2 * minus(now, this.lastReadAt) > limit) this.isDraining = true;
    this.waiting.splice(0, Infinity, ...this.waiting.filter(({ sentAt }) => !isLate(sentAt)));
    for (const slot of lateSlots) this.settle(slot, failure, errorCodes.cancel);
    for (const { token } of lateWaiting) this.options.onReply(token, failure, now, now);
    this.settleDown();
  }

  /** Answers all calls with `abandoned`; resolves when the socket is gone. */
  async close(): Promise<void> {
    this.break(abandoned);
    await closeSocket(this.socket);
  }

  // -------------------------------------------------------------------------------------------- reading

  private read(size: number): void {
    if (this.isGone) return;
    this.now = this.options.clock.now();
    this.lastReadAt = this.now;
    this.isReading = true;
    const wrong = this.frames.feed(this.options.readBuffer, size);
    this.isReading = false;
    if (wrong !== undefined) this.break(violated(wrong.text));
    else this.settleDown();
  }

  /** What is to be done after calls have ended: send what waits, give windows back, or leave. */
  private settleDown(): void {
    if (this.isGone) return;
    if (this.isDraining) {
      this.returnCalls(this.waiting.splice(0));
      if (this.streams.open === this.idle.length) {
        this.break(closedByPeer);
        return;
      }
    }
    if (this.receivedBytes > windowStepBytes) {
      this.outbox.push(windowUpdate(0, this.receivedBytes));
      this.receivedBytes = 0;
    }
    this.startWaiting();
    this.outbox.flush();
  }

  private startWaiting(): void {
    while (this.isUsable && this.hasRoom) {
      const call = this.waiting.shift();
      if (call === undefined) return;
      this.begin(call.request, call.token, call.sentAt, call.attempts);
    }
  }

  private onFrame(
    type: number,
    frameFlags: number,
    streamId: number,
    bytes: Buffer,
    from: number,
    to: number,
  ): Violation | undefined {
    if (this.isGone) return undefined;
    if (this.blocks.isOpen && type !== frameTypes.continuation) return broken('a header block is interrupted');
    switch (type) {
      case frameTypes.data:
        return this.onData(frameFlags, streamId, bytes, from, to);
      case frameTypes.headers:
        return this.blocks.headers(frameFlags, streamId, bytes, from, to);
      case frameTypes.continuation:
        return this.blocks.continuation(frameFlags, streamId, bytes, from, to);
      case frameTypes.settings:
        return this.onSettings(frameFlags, streamId, bytes, from, to);
      default:
        if (!this.isOpen) return broken('no SETTINGS at first');
        return readControlFrame({ type, flags: frameFlags, streamId, bytes, from, to }, this.controls);
    }
  }

  private onSettings(
    frameFlags: number,
    streamId: number,
    bytes: Buffer,
    from: number,
    to: number,
  ): Violation | undefined {
    const misframed = misframedSettings(frameFlags, streamId, to - from);
    if (misframed !== undefined || (frameFlags & flags.ack) !== 0) return misframed;
    const wrong = readSettings(bytes, from, to, (id, value) => this.applySetting(id, value));
    if (wrong !== undefined) return wrong;
    this.isOpen = true;
    this.outbox.push(settingsAck());
    this.sender.pump();
    return undefined;
  }

  private applySetting(id: number, value: number): Violation | undefined {
    switch (id) {
      case settingIds.maxConcurrentStreams:
        this.streamLimit = Math.min(value, this.options.capacity);
        return undefined;
      case settingIds.initialWindowSize:
        return this.sender.setInitialStreamWindow(value);
      case settingIds.maxFrameSize:
        return this.sender.setMaxFrame(value);
      default:
        return undefined;
    }
  }

  private onWindowUpdate(streamId: number, increment: number): Violation | undefined {
    if (streamId === 0) return this.sender.widen(increment);
    const slot = this.streams.slotOf(streamId);
    return slot < 0 ? undefined : this.sender.widenStream(slot, increment);
  }

  private onGoaway({ lastStreamId, text }: Goaway): void {
    this.isDraining = true;
    this.goaway = `the server said ${text}`;
    const unseen = this.streams.busySlots().filter((slot) => (this.streams.ids[slot] ?? 0) > lastStreamId);
    this.returnCalls(unseen.map((slot) => this.takeBack(slot)));
  }

  private onReset(streamId: number, errorCode: number): void {
    const slot = this.streams.slotOf(streamId);
    if (slot < 0) return;
    const failure = resetFailure(errorCode);
    if (errorCode === errorCodes.refusedStream && this.streams.isBusy[slot] === 1)
      this.options.onReturn(this.takeBack(slot), failure);
    else this.settle(slot, failure);
  }

  // -------------------------------------------------------------------------------------------- answers

  private onData(frameFlags: number, streamId: number, bytes: Buffer, from: number, to: number): Violation | undefined {
    const isPadded = (frameFlags & flags.padded) !== 0;
    const start = isPadded ? from + 1 : from;
    const end = isPadded ? to - (bytes[from] ?? 0) : to;
    if (start > end || streamId === 0) return broken('a malformed DATA frame');
    this.receivedBytes += to - from;
    const slot = this.streams.slotOf(streamId);
    if (slot < 0) return this.streams.isIdle(streamId) ? broken('DATA on a stream that was never opened') : undefined;
    this.replenish(slot, to - from);
    const failure = this.answers.readData(slot, bytes, start, end, this.now);
    if (failure !== undefined) this.settle(slot, failure, errorCodes.cancel);
    else if ((frameFlags & flags.endStream) !== 0) this.endAnswer(slot, undefined);
    return undefined;
  }

  /** Gives a stream's window back; only answers of more than half a gibibyte ever need it. */
  private replenish(slot: number, sizeBytes: number): void {
    const { receivedBytes, ids } = this.streams;
    const received = (receivedBytes[slot] ?? 0) + sizeBytes;
    receivedBytes[slot] = received;
    if (received <= windowStepBytes) return;
    this.outbox.push(windowUpdate(ids[slot] ?? 0, received));
    receivedBytes[slot] = 0;
  }

  private onFields(streamId: number, ends: boolean, fields: ResponseFields): void {
    const slot = this.streams.slotOf(streamId);
    if (slot < 0) return;
    this.answers.readFields(slot, fields, this.now);
    if (ends) this.endAnswer(slot, fields);
  }

  private endAnswer(slot: number, trailers: ResponseFields | undefined): void {
    // An answer may come before the whole request is sent; the rest is of no interest then (RFC 9113 section 8.1).
    const reset = this.streams.isSent[slot] === 1 ? undefined : errorCodes.noError;
    this.settle(slot, this.answers.failureOf(slot, trailers) ?? this.handBody(slot), reset);
  }

  /** Hands over the message of a success, when somebody looks at it. */
  private handBody(slot: number): Failure | undefined {
    const body = this.answers.bodyOf(slot);
    if (body === undefined) return undefined;
    if (!Buffer.isBuffer(body)) return body;
    this.options.onBody?.(this.streams.tokens[slot] ?? 0, body, undefined);
    return undefined;
  }

  // -------------------------------------------------------------------------------------------- endings

  /** @param reset the code of the RST_STREAM that tells the server, unless it knows */
  private settle(slot: number, failure: Failure | undefined, reset?: number): void {
    const { streams, now } = this;
    const token = streams.tokens[slot] ?? 0;
    const firstAt = streams.firstAt[slot] ?? 0;
    const isBusy = streams.isBusy[slot] === 1;
    this.free(slot, reset);
    if (isBusy) this.options.onReply(token, failure, firstAt === 0 ? now : ns(firstAt), now);
  }

  /** The request has been answered, and its stream takes another one. */
  private endRequest(slot: number, failure: Failure | undefined, lastAt: Nanoseconds): void {
    const { streams } = this;
    if (streams.isSent[slot] !== 1) {
      this.settle(slot, failure, errorCodes.cancel); // what is left of it would be taken for the next request
      return;
    }
    const firstAt = streams.firstAt[slot] ?? 0;
    streams.isBusy[slot] = 0;
    this.idle.push(slot);
    this.options.onReply(streams.tokens[slot] ?? 0, failure, ns(Math.min(lastAt, firstAt)), lastAt);
  }

  private takeBack(slot: number): PendingCall {
    const call = this.streams.callIn(slot);
    this.free(slot, undefined);
    return call;
  }

  private free(slot: number, reset: number | undefined): void {
    const { streams, outbox } = this;
    if (reset !== undefined) outbox.push(rstStream(streams.ids[slot] ?? 0, reset));
    this.sender.forget(slot);
    this.answers.clear(slot);
    if (streams.isBusy[slot] === 0) this.idle.splice(this.idle.indexOf(slot), 1);
    streams.release(slot);
  }

  private returnCalls(calls: readonly PendingCall[]): void {
    const failure: Failure = { code: 'connect', message: this.goaway ?? closedByPeer.message };
    for (const call of calls) this.options.onReturn(call, failure);
  }

  /** The connection is of no use any more: all its calls fail. */
  private break(failure: Failure): void {
    if (this.isGone) return;
    this.isGone = true;
    this.now = this.options.clock.now();
    this.socket.destroy();
    this.options.onGone(this);
    const told = failure === closedByPeer && this.goaway !== undefined ? { ...failure, message: this.goaway } : failure;
    for (const slot of this.streams.openSlots()) this.settle(slot, told);
    for (const { token } of this.waiting.splice(0)) this.options.onReply(token, told, this.now, this.now);
  }

  // -------------------------------------------------------------------------------------------- writing

  /** Frames of one turn leave together: at the end of a read, or when the code that sends has returned. */
  private flushSoon(): void {
    if (this.isReading || this.isFlushDue) return;
    this.isFlushDue = true;
    queueMicrotask(() => {
      this.isFlushDue = false;
      if (!this.isGone) this.outbox.flush();
    });
  }

  private resume(): void {
    if (this.isGone) return;
    this.sender.pump();
    this.outbox.flush();
  }
}
