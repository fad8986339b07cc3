import type { ConnectionOptions } from '../../../src/client/connection.js';
import { defaultMaxFrameBytes, flags, frame, frameTypes, streamIdOffset } from '../../../src/http2/frame.js';
import { encodeBlock } from '../../../src/http2/hpack/hpack-encode.js';
import type { Field } from '../../../src/http2/hpack/static-table.js';
import { encodeModelInferRequest } from '../../../src/protocol/grpc-infer.js';
import { emptyFinalResponseKey } from '../../../src/protocol/grpc-stream.js';
import { type InferRequest, noParameters } from '../../../src/protocol/infer.js';
import { type Compression, compressed } from '../compression.js';
import { marksOffset } from './message-marks.js';
import { requestIdDigits } from './request-id.js';

/** The frames of a call up to, or with, its message; only the stream's id is missing, in a few places. */
export interface CallImage {
  readonly bytes: Buffer;
  /** Where the stream's id goes. */
  readonly idOffsets: readonly number[];
}

export interface PreparedCall {
  /** HEADERS, and CONTINUATION if need be. */
  readonly head: CallImage;
  /** The message with its prefix of five bytes. */
  readonly message: Buffer;
  /** Where the marks of its sequence go in the message; absent when it has none. */
  readonly marksOffset: number | undefined;
  /** The whole call, when its message fits into one frame of any peer. */
  readonly whole: CallImage | undefined;
  /** Given when the call goes on after the message. */
  readonly streamed?: StreamedMessage;
}

/** A message of a stream that carries one request after the other. */
export interface StreamedMessage {
  /** The message as a frame of its own, if it fits into one. */
  readonly data: CallImage | undefined;
  /** Where in the message its id of eight digits lies; absent when it cannot be changed. */
  readonly requestIdAt: number | undefined;
}

const servicePath = '/inference.GRPCInferenceService/';

export interface CallHeadOptions extends ConnectionOptions {
  /** `ModelInfer` unless given. */
  readonly method?: 'ModelInfer' | 'ModelStreamInfer';
  readonly authority: string;
  readonly requestTimeoutMs?: number | undefined;
  readonly compression?: Compression | undefined;
}

/** The header block of every call (gRPC over HTTP/2, "Requests"): the same bytes each time. */
export function callHead(options: CallHeadOptions): CallImage {
  const { method = 'ModelInfer', authority, tls, requestTimeoutMs, compression, headers = [] } = options;
  const metadata = headers.map(([name, value]): Field => [name.toLowerCase(), value]);
  const given = new Set(metadata.map(([name]) => name));
  const own: readonly Field[] = [
    [':method', 'POST'],
    [':scheme', tls === undefined ? 'http' : 'https'],
    [':path', `${servicePath}${method}`],
    [':authority', metadata.find(([name]) => name === 'host')?.[1] ?? authority],
    ...(requestTimeoutMs === undefined ? [] : ([['grpc-timeout', grpcTimeout(requestTimeoutMs)]] as const)),
    ['te', 'trailers'],
    ['content-type', 'application/grpc'],
    ['user-agent', 'perf-analyze'],
    ['grpc-accept-encoding', compression === undefined ? 'identity' : `identity,${compression}`],
    ...(compression === undefined ? [] : ([['grpc-encoding', compression]] as const)),
  ];
  const block = encodeBlock([
    ...own.filter(([name]) => !given.has(name)),
    ...metadata.filter(([name]) => name !== 'host'),
  ]);
  const frames: Buffer[] = [];
  for (let from = 0; from < block.length; from += defaultMaxFrameBytes) {
    const to = Math.min(block.length, from + defaultMaxFrameBytes);
    const type = from === 0 ? frameTypes.headers : frameTypes.continuation;
    frames.push(frame(type, to === block.length ? flags.endHeaders : 0, 0, block.subarray(from, to)));
  }
  return imageOf(frames);
}

/** All bytes of an inference call. */
export function prepareCall(request: InferRequest, head: CallImage, compression?: Compression): PreparedCall {
  const message = framedMessage(request, compression);
  const call = { head, message, marksOffset: marksOffset(request, message) };
  if (message.length > defaultMaxFrameBytes) return { ...call, whole: undefined };
  const data = frame(frameTypes.data, flags.endStream, 0, message);
  const idOffsets = [...head.idOffsets, head.bytes.length + streamIdOffset];
  return { ...call, whole: { bytes: Buffer.concat([head.bytes, data]), idOffsets } };
}

/**
 * The bytes of an inference in a stream, which asks the server to say in any case when its answer ends. A compressed one
 * has no id, since its bytes cannot be changed.
 */
export function prepareStreamedCall(request: InferRequest, head: CallImage, compression?: Compression): PreparedCall {
  const parameters = new Map([...request.parameters, [emptyFinalResponseKey, true] as const]);
  const named = { ...request, parameters, id: compression === undefined ? '0'.repeat(requestIdDigits) : '' };
  const message = framedMessage(named, compression);
  // The names come first, in this order: the id lies behind its tag and its length.
  const names = { ...named, id: '', parameters: noParameters, inputs: [], outputs: [] };
  const requestIdAt = compression === undefined ? 5 + encodeModelInferRequest(names).length + 2 : undefined;
  const call = { head, message, marksOffset: marksOffset(named, message) };
  if (message.length > defaultMaxFrameBytes) {
    return { ...call, whole: undefined, streamed: { data: undefined, requestIdAt } };
  }
  const data: CallImage = { bytes: frame(frameTypes.data, 0, 0, message), idOffsets: [streamIdOffset] };
  const idOffsets = [...head.idOffsets, head.bytes.length + streamIdOffset];
  const whole = { bytes: Buffer.concat([head.bytes, data.bytes]), idOffsets };
  return { ...call, whole, streamed: { data, requestIdAt } };
}

/** A message with its prefix of five bytes (gRPC over HTTP/2, "Length-Prefixed-Message"). */
function framedMessage(request: InferRequest, compression: Compression | undefined): Buffer {
  const plain = encodeModelInferRequest(request);
  const encoded = compression === undefined ? plain : compressed(plain, compression);
  const message = Buffer.allocUnsafe(5 + encoded.length);
  message[0] = compression === undefined ? 0 : 1;
  message.writeUInt32BE(encoded.length, 1);
  message.set(encoded, 5);
  return message;
}

function imageOf(frames: readonly Buffer[]): CallImage {
  const idOffsets: number[] = [];
  let offset = 0;
  for (const { length } of frames) {
    idOffsets.push(offset + streamIdOffset);
    offset += length;
  }
  return { bytes: Buffer.concat(frames), idOffsets };
}

/** At most eight digits and a unit (gRPC over HTTP/2, "Timeout"). */
const grpcTimeout = (limitMs: number): string =>
  limitMs < 90_000 ? `${Math.max(1, Math.round(limitMs * 1000))}u` : `${Math.ceil(limitMs)}m`;
