import { promisify } from 'node:util';
import { deflate, gzip } from 'node:zlib';
import type { GrpcCall, GrpcMethod, MessageCoding } from './grpc-method.js';

/** How much effort the server puts into answers, `--grpc-infer-response-compression-level` of Triton. */
export const compressionLevels = ['none', 'low', 'medium', 'high'] as const;

export type CompressionLevel = (typeof compressionLevels)[number];

const encoders = { gzip: promisify(gzip), deflate: promisify(deflate) } as const;

/** As the C++ library of gRPC picks them for a level: the last of those that a client reads takes the most effort. */
const byEffort: readonly MessageCoding[] = ['gzip', 'deflate'];

/** Sends the answers of a method compressed, to clients that can read that; the text is `grpc-accept-encoding`. */
export const compressedMethod =
  (method: GrpcMethod, level: CompressionLevel): GrpcMethod =>
  (call) => {
    const coding = codingFor(level, call.metadata.get('grpc-accept-encoding') ?? '');
    return method(coding === undefined ? call : compressing(call, coding));
  };

/** @param accepted names of codings, separated by commas */
export function codingFor(level: CompressionLevel, accepted: string): MessageCoding | undefined {
  const names = accepted.split(',').map((name) => name.trim());
  const known = level === 'none' ? [] : byEffort.filter((coding) => names.includes(coding));
  return level === 'low' ? known[0] : known.at(-1);
}

/** Messages leave in the order in which they were sent, and the status after them. */
function compressing(call: GrpcCall, coding: MessageCoding): GrpcCall {
  let sent: Promise<void> = Promise.resolve();
  return {
    signal: call.signal,
    metadata: call.metadata,
    release: (message) => call.release(message),
    send: (message) => {
      const compressed = encoders[coding](message);
      sent = sent.then(async () => call.send(await compressed, coding));
    },
    sent: () => sent.then(() => call.sent()),
    end: (status) => void sent.then(() => call.end(status)),
  };
}
