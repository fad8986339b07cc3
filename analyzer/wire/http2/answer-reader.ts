import type { Failure } from '../../../src/core/failure.js';
import type { Nanoseconds } from '../../../src/core/units.js';
import { type Compression, decompressed } from '../compression.js';
import { undecodable, violated } from '../failures.js';
import { httpStatusFailure, messageCountFailure, statusFailure } from './grpc-failure.js';
import { type KeepsMessage, MessageReader } from './message-reader.js';
import type { ResponseFields } from './response-fields.js';
import type { StreamTable } from './stream-table.js';

export interface AnswerOptions {
  readonly keeps: KeepsMessage;
  /** Requests have a time limit, so that the status DEADLINE_EXCEEDED is ours. */
  readonly hasTimeLimit: boolean;
  /** What messages may have; the only one that is offered. */
  readonly compression: Compression | undefined;
}

/** What the streams of one connection have been answered so far (gRPC over HTTP/2, "Responses"). */
export interface Answers {
  readFields(slot: number, fields: ResponseFields, now: Nanoseconds): void;
  /** Says what is wrong, if anything. */
  readData(slot: number, bytes: Buffer, from: number, to: number, now: Nanoseconds): Failure | undefined;
  /** What a stream that has ended amounts to for its request; absent when that is a success. */
  failureOf(slot: number, trailers: ResponseFields | undefined): Failure | undefined;
  /** The message of a success, decoded; absent when it was not kept. A failure when it cannot be decoded. */
  bodyOf(slot: number): Buffer | Failure | undefined;
  /** The stream is over. */
  clear(slot: number): void;
}

/** The answers of calls with one message each way. */
export class AnswerReader implements Answers {
  private readonly streams: StreamTable;
  private readonly messages: MessageReader;
  private readonly hasTimeLimit: boolean;
  private readonly compression: Compression | undefined;

  constructor(streams: StreamTable, { keeps, hasTimeLimit, compression }: AnswerOptions) {
    this.streams = streams;
    this.messages = new MessageReader(streams.size, { keeps, mayBeCompressed: compression !== undefined });
    this.compression = compression;
    this.hasTimeLimit = hasTimeLimit;
  }

  readFields(slot: number, fields: ResponseFields, now: Nanoseconds): void {
    const { firstAt, httpStatus } = this.streams;
    if (firstAt[slot] === 0) firstAt[slot] = now;
    if (fields.httpStatus !== undefined && fields.httpStatus >= 200) httpStatus[slot] = fields.httpStatus;
  }

  readData(slot: number, bytes: Buffer, from: number, to: number): Failure | undefined {
    const violation = this.messages.read(slot, bytes, from, to);
    return violation === undefined ? undefined : violated(violation);
  }

  failureOf(slot: number, trailers: ResponseFields | undefined): Failure | undefined {
    const status = trailers?.grpcStatus;
    if (trailers === undefined || status === undefined) {
      const httpStatus = this.streams.httpStatus[slot];
      return httpStatusFailure(httpStatus === 0 ? undefined : httpStatus);
    }
    if (status !== 0) return statusFailure(status, trailers.message, this.hasTimeLimit);
    if (this.messages.countOf(slot) !== 1) return messageCountFailure(this.messages.countOf(slot));
    return this.messages.isCut(slot) ? violated('the answer ends in the middle of its message') : undefined;
  }

  bodyOf(slot: number): Buffer | Failure | undefined {
    const bytes = this.messages.bodyOf(slot);
    if (bytes === undefined || !this.messages.isCompressed(slot)) return bytes;
    return decompressed(bytes, this.compression) ?? undecodable(this.compression);
  }

  clear(slot: number): void {
    this.messages.clear(slot);
  }
}
