import type { Failure } from '../../../src/core/failure.js';
import { type Nanoseconds, ns } from '../../../src/core/units.js';
import { BodyCollector } from '../body-collector.js';
import { type Compression, decompressed } from '../compression.js';
import { undecodable, violated } from '../failures.js';
import type { OpenOptions } from '../transport.js';
import type { Answers } from './answer-reader.js';
import { httpStatusFailure, statusFailure } from './grpc-failure.js';
import type { ResponseFields } from './response-fields.js';
import { type StreamResponseHead, scanStreamResponse } from './stream-response.js';
import type { StreamTable } from './stream-table.js';

/** What is special about requests that share streams. */
export interface StreamingOptions {
  /** The model may answer a request any number of times: without a word of the server nobody knows which one is the last. */
  readonly isDecoupled: boolean;
}

export interface StreamAnswerOptions
  extends Pick<OpenOptions, 'onBody' | 'keepsBody' | 'onResponse'>,
    StreamingOptions {
  readonly compression: Compression | undefined;
  /** The request of a stream has its last response. */
  readonly onEnd: (slot: number, failure: Failure | undefined, lastAt: Nanoseconds) => void;
}

const prefixBytes = 5;

const stray: Failure = violated(
  'a response came to a request that had ended; the server does not say which is the last',
);
const endless: Failure = violated(
  `a response of a decoupled model does not say whether it is the last one: expected the parameter triton_final_response`,
);

/**
 * Takes the answers on streams that carry one request after the other (`ModelStreamInfer`). A request ends with the
 * response that is marked as the last one; or with its only one, where the server marks none. An empty last response
 * is not counted, and its time is not that of the answer, as perf_analyzer has it.
 */
export class StreamAnswers implements Answers {
  private readonly streams: StreamTable;
  private readonly options: StreamAnswerOptions;
  private readonly bodies: (BodyCollector | undefined)[] = [];
  private readonly prefixes: Buffer;
  private readonly prefixRead: Uint8Array;
  private readonly missing: Float64Array;
  /** 0 = the request has no response yet. */
  private readonly lastAt: Float64Array;
  private readonly failures: (Failure | undefined)[] = [];
  private now: Nanoseconds = ns(0);
  /** A response came when nobody waited: the next request pays for it, so that it is not overlooked. */
  private owed: Failure | undefined;

  constructor(streams: StreamTable, options: StreamAnswerOptions) {
    this.streams = streams;
    this.options = options;
    this.prefixes = Buffer.alloc(prefixBytes * streams.size);
    this.prefixRead = new Uint8Array(streams.size);
    this.missing = new Float64Array(streams.size);
    this.lastAt = new Float64Array(streams.size);
  }

  readFields(slot: number, fields: ResponseFields): void {
    if (fields.httpStatus !== undefined && fields.httpStatus >= 200) this.streams.httpStatus[slot] = fields.httpStatus;
  }

  /** Says what is wrong with the stream, if anything. */
  readData(slot: number, bytes: Buffer, from: number, to: number, now: Nanoseconds): Failure | undefined {
    const { httpStatus, firstAt, ids } = this.streams;
    if (httpStatus[slot] !== 200) return undefined; // not of a gRPC server: its status will tell
    this.now = now;
    if (firstAt[slot] === 0) firstAt[slot] = now;
    const id = ids[slot];
    let at = from;
    while (at < to && ids[slot] === id) {
      if (this.prefixRead[slot] !== prefixBytes) at = this.readPrefix(slot, bytes, at, to);
      if (this.prefixRead[slot] !== prefixBytes) return undefined;
      const end = Math.min(to, at + (this.missing[slot] ?? 0));
      const violation = this.readMessage(slot, bytes, at, end);
      if (violation !== undefined) return violation;
      at = end;
    }
    return undefined;
  }

  /** A stream that ends takes its request along. */
  failureOf(slot: number, trailers: ResponseFields | undefined): Failure {
    const status = trailers?.grpcStatus;
    if (status === undefined) {
      const httpStatus = this.streams.httpStatus[slot];
      return httpStatusFailure(httpStatus === 0 ? undefined : httpStatus);
    }
    return status === 0
      ? violated('the server ended the stream before it had answered')
      : statusFailure(status, trailers?.message ?? '', false);
  }

  bodyOf(): undefined {
    return undefined; // each response was handed over when it came
  }

  clear(slot: number): void {
    this.prefixRead[slot] = 0;
    this.lastAt[slot] = 0;
    this.failures[slot] = undefined;
    this.bodies[slot]?.drop();
  }

  /** The position after what was read. */
  private readPrefix(slot: number, bytes: Buffer, from: number, to: number): number {
    const start = prefixBytes * slot;
    const read = this.prefixRead[slot] ?? 0;
    const end = Math.min(to, from + prefixBytes - read);
    bytes.copy(this.prefixes, start + read, from, end);
    this.prefixRead[slot] = read + end - from;
    if (this.prefixRead[slot] === prefixBytes) this.missing[slot] = this.prefixes.readUInt32BE(start + 1);
    return end;
  }

  /** A message that lies whole in a read is not copied. */
  private readMessage(slot: number, bytes: Buffer, from: number, to: number): Failure | undefined {
    const missing = (this.missing[slot] ?? 0) - (to - from);
    const body = this.bodies[slot];
    this.missing[slot] = missing;
    if (missing > 0 || (body !== undefined && body.length > 0)) this.keep(slot, bytes, from, to);
    if (missing > 0) return undefined;
    this.prefixRead[slot] = 0;
    const collected = this.bodies[slot];
    if (collected === undefined || collected.length === 0) return this.take(slot, bytes, from, to);
    const whole = collected.take();
    return this.take(slot, whole, 0, whole.length);
  }

  private keep(slot: number, bytes: Buffer, from: number, to: number): void {
    const body = this.bodies[slot] ?? new BodyCollector();
    this.bodies[slot] = body;
    body.push(bytes, from, to);
  }

  private take(slot: number, bytes: Buffer, from: number, to: number): Failure | undefined {
    const isCompressed = this.prefixes[prefixBytes * slot] === 1;
    if (!isCompressed) return this.respond(slot, bytes, from, to);
    const { compression } = this.options;
    if (compression === undefined) return violated('a message is compressed, which was not offered');
    const plain = decompressed(bytes.subarray(from, to), compression);
    return plain === undefined ? undecodable(compression) : this.respond(slot, plain, 0, plain.length);
  }

  private respond(slot: number, bytes: Buffer, from: number, to: number): Failure | undefined {
    const head = scanStreamResponse(bytes, from, to);
    if (head === undefined) return violated('an answer in the stream is no ModelStreamInferResponse');
    if (!this.isExpected(slot, head)) return this.takeStray(slot, head);
    const { isFinal, errorMessage, hasOutputs } = head;
    if (errorMessage !== '') this.failures[slot] ??= { code: 'stream', message: errorMessage };
    else if (hasOutputs || isFinal !== true) this.count(slot, bytes, head);
    if (isFinal === undefined && errorMessage === '' && this.options.isDecoupled) return endless;
    if (isFinal !== false) this.end(slot);
    return undefined;
  }

  private isExpected(slot: number, { requestId }: StreamResponseHead): boolean {
    const { isBusy, requestIds } = this.streams;
    return isBusy[slot] === 1 && (requestId === undefined || requestId === requestIds[slot]);
  }

  /** A server may say twice that a request has ended, but not answer it after that. */
  private takeStray(slot: number, { hasOutputs, errorMessage }: StreamResponseHead): Failure | undefined {
    if (!hasOutputs && errorMessage === '') return undefined;
    if (this.streams.isBusy[slot] !== 1) this.owed = stray;
    return stray;
  }

  /** A response that is more than the word that there is none. */
  private count(slot: number, bytes: Buffer, { from, to }: StreamResponseHead): void {
    const { onResponse, onBody, keepsBody } = this.options;
    const token = this.streams.tokens[slot] ?? 0;
    this.lastAt[slot] = this.now;
    onResponse?.(token, this.now);
    if (onBody !== undefined && (keepsBody?.(token, to - from) ?? true)) {
      onBody(token, Buffer.from(bytes.subarray(from, to)), undefined);
    }
  }

  private end(slot: number): void {
    const failure = this.failures[slot] ?? this.owed;
    const lastAt = this.lastAt[slot] ?? 0;
    this.owed = undefined;
    this.failures[slot] = undefined;
    this.lastAt[slot] = 0;
    this.options.onEnd(slot, failure, failure !== undefined || lastAt === 0 ? this.now : ns(lastAt));
  }
}
