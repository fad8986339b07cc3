import { Client, type ClientUnaryCall, compressionAlgorithms, type ServiceError, status } from '@grpc/grpc-js';
import type { ConnectionOptions } from '../../src/client/connection.js';
import { credentialsOf } from '../../src/client/grpc-credentials.js';
import { isConnectionFailure } from '../../src/client/grpc-failure.js';
import { authorityOf, metadataOf } from '../../src/client/grpc-metadata.js';
import type { Clock } from '../../src/core/clock.js';
import type { Failure } from '../../src/core/failure.js';
import type { Nanoseconds } from '../../src/core/units.js';
import { encodeModelInferRequest } from '../../src/protocol/grpc-infer.js';
import type { InferRequest } from '../../src/protocol/infer.js';
import type { Compression } from './compression.js';
import { abandoned } from './failures.js';
import type { OpenTransport } from './transport.js';

export interface GrpcTarget extends ConnectionOptions {
  /** `host:port`. */
  readonly address: string;
  readonly requests: readonly InferRequest[];
  readonly clock: Clock;
  /** Of the requests; answers may have any. */
  readonly compression?: Compression | undefined;
  /** Absent: wait for as long as it takes. */
  readonly requestTimeoutMs?: number | undefined;
}

const algorithms = {
  none: compressionAlgorithms.identity,
  deflate: compressionAlgorithms.deflate,
  gzip: compressionAlgorithms.gzip,
} as const;
const inferPath = '/inference.GRPCInferenceService/ModelInfer';
const asIs = (bytes: Buffer): Buffer => bytes;

/**
 * gRPC over `@grpc/grpc-js`: all requests are streams of one connection. For everything that the wire of `http2/`
 * leaves out, and the oracle that it is tested against.
 */
export function grpcTransport(target: GrpcTarget): OpenTransport {
  const { address, tls, requests, clock, requestTimeoutMs, compression, headers = [] } = target;
  const prepared = requests.map((request) => Buffer.from(encodeModelInferRequest(request)));
  const authority = authorityOf(headers);
  const metadata = metadataOf(headers);
  return ({ onReply, onBody, keepsBody }) => {
    const client = new Client(address, credentialsOf(tls), {
      'grpc.max_receive_message_length': -1,
      'grpc.max_send_message_length': -1,
      'grpc.use_local_subchannel_pool': 1,
      'grpc.default_compression_algorithm': algorithms[compression ?? 'none'],
      ...(authority === undefined ? {} : { 'grpc.default_authority': authority }),
    });
    const calls = new Set<ClientUnaryCall>();
    let isClosed = false;

    const send = (request: number, token: number): void => {
      const bytes = prepared[request];
      if (bytes === undefined) throw new RangeError(`no prepared request ${request}`);
      let firstAt: Nanoseconds | undefined;
      const reply = (failure: Failure | undefined, body: Buffer | undefined): void => {
        const now = clock.now();
        if (body !== undefined && (keepsBody?.(token, body.length) ?? true)) onBody?.(token, body, undefined);
        onReply(token, failure, firstAt ?? now, now);
      };
      if (isClosed) {
        setImmediate(() => reply(abandoned, undefined));
        return;
      }
      const options = requestTimeoutMs === undefined ? {} : { deadline: Date.now() + requestTimeoutMs };
      const call = client.makeUnaryRequest(inferPath, asIs, asIs, bytes, metadata, options, (error, body) => {
        calls.delete(call);
        if (error === null) reply(undefined, body);
        else reply(isClosed ? abandoned : failureOf(error, requestTimeoutMs), undefined);
      });
      calls.add(call);
      call.on('metadata', () => {
        firstAt = clock.now();
      });
    };

    return {
      send,
      [Symbol.asyncDispose]: async () => {
        isClosed = true;
        const ended = [...calls].map((call) => new Promise((resolve) => call.once('status', resolve)));
        for (const call of calls) call.cancel();
        await Promise.all(ended);
        client.close();
      },
    };
  };
}

function failureOf(error: ServiceError, requestTimeoutMs: number | undefined): Failure {
  if (isConnectionFailure(error)) return { code: 'connect', message: error.details };
  const isLate = requestTimeoutMs !== undefined && error.code === status.DEADLINE_EXCEEDED;
  return { code: isLate ? 'timeout' : `grpc ${error.code}`, message: error.details };
}
