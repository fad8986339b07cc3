import type { ConnectionOptions } from '../../../src/client/connection.js';
import { defaultMaxFrameBytes, flags, frame, frameTypes, streamIdOffset } from '../../../src/http2/frame.js';
import { encodeBlock } from '../../../src/http2/hpack/hpack-encode.js';
import type { Field } from '../../../src/http2/hpack/static-table.js';
import { encodeModelInferRequest } from '../../../src/protocol/grpc-infer.js';
import type { InferRequest } from '../../../src/protocol/infer.js';
import { type Compression, compressed } from '../compression.js';
import { marksOffset } from './message-marks.js';

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
}

const inferPath = '/inference.GRPCInferenceService/ModelInfer';

export interface CallHeadOptions extends ConnectionOptions {
  readonly authority: string;
  readonly requestTimeoutMs?: number | undefined;
  readonly compression?: Compression | undefined;
}

/** The header block of every call (gRPC over HTTP/2, "Requests"): the same bytes each time. */
export function callHead({ authority, tls, requestTimeoutMs, compression, headers = [] }: CallHeadOptions): CallImage {
  const metadata = headers.map(([name, value]): Field => [name.toLowerCase(), value]);
  const given = new Set(metadata.map(([name]) => name));
  const own: readonly Field[] = [
    [':method', 'POST'],
    [':scheme', tls === undefined ? 'http' : 'https'],
    [':path', inferPath],
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
  const plain = encodeModelInferRequest(request);
  const encoded = compression === undefined ? plain : compressed(plain, compression);
  const message = Buffer.allocUnsafe(5 + encoded.length);
  message[0] = compression === undefined ? 0 : 1;
  message.writeUInt32BE(encoded.length, 1);
  message.set(encoded, 5);
  const call = { head, message, marksOffset: marksOffset(request, message) };
  if (message.length > defaultMaxFrameBytes) return { ...call, whole: undefined };
  const data = frame(frameTypes.data, flags.endStream, 0, message);
  const idOffsets = [...head.idOffsets, head.bytes.length + streamIdOffset];
  return { ...call, whole: { bytes: Buffer.concat([head.bytes, data]), idOffsets } };
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
