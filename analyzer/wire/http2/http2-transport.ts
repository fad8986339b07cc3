import type { ConnectionOptions } from '../../../src/client/connection.js';
import type { Clock } from '../../../src/core/clock.js';
import type { Failure } from '../../../src/core/failure.js';
import { ns } from '../../../src/core/units.js';
import type { InferRequest } from '../../../src/protocol/infer.js';
import type { Compression } from '../compression.js';
import { abandoned } from '../failures.js';
import { mapDistinct } from '../map-distinct.js';
import { parseAddress } from '../tcp.js';
import { startTimeoutSweep } from '../timeout-sweep.js';
import type { OpenOptions, OpenTransport, Transport } from '../transport.js';
import { Http2Connection } from './http2-connection.js';
import { callHead, type PreparedCall, prepareCall, prepareStreamedCall } from './prepare-call.js';
import type { StreamingOptions } from './stream-answers.js';
import type { PendingCall } from './stream-table.js';

export interface Http2Target extends ConnectionOptions {
  /** `host:port`. */
  readonly address: string;
  readonly requests: readonly InferRequest[];
  readonly clock: Clock;
  /** Absent: wait for as long as it takes. Also told to the server, as `grpc-timeout`. */
  readonly requestTimeoutMs?: number | undefined;
  /** Of the requests, and what their answers may have. */
  readonly compression?: Compression | undefined;
  /** Over how many connections the calls are spread; 1 unless given. */
  readonly connections?: number;
  /** Where stream ids begin, odd; for tests of their end. */
  readonly firstStreamId?: number;
  /**
   * Given: calls of `ModelStreamInfer`. A stream carries one request at a time, as perf_analyzer has a stream for each of
   * its threads; there are as many as requests in flight, and each is used again.
   */
  readonly streaming?: StreamingOptions | undefined;
}

const readBufferBytes = 65_536;
/** The time of sending when nobody looks for late requests. */
const never = ns(0);
/**
 * How often a call is sent again that the server certainly has not looked at: its stream is beyond the last one that a
 * GOAWAY names, or was refused (RFC 9113 sections 6.8 and 8.7; gRPC calls it a transparent retry).
 */
const retryLimit = 3;

/**
 * gRPC over HTTP/2, framed by ourselves over `node:net` or `node:tls`. All calls are streams of one connection, unless
 * more are asked for. Calls that the server refuses to look at are sent again, all others exactly once.
 *
 * @throws RangeError when the address has no port
 */
export function http2Transport(target: Http2Target): OpenTransport {
  const address = parseAddress(target.address);
  const { streaming, compression } = target;
  const head = callHead({
    ...target,
    authority: target.address,
    method: streaming === undefined ? 'ModelInfer' : 'ModelStreamInfer',
    // Of a stream it would be the limit of all its requests together.
    requestTimeoutMs: streaming === undefined ? target.requestTimeoutMs : undefined,
  });
  const prepare = streaming === undefined ? prepareCall : prepareStreamedCall;
  const prepared = mapDistinct(target.requests, (request) => prepare(request, head, compression));
  return (options) => openHttp2({ ...target, ...options, address, prepared });
}

interface Http2Options extends Omit<Http2Target, 'address'>, OpenOptions {
  readonly address: ReturnType<typeof parseAddress>;
  readonly prepared: readonly PreparedCall[];
}

function openHttp2(options: Http2Options): Transport {
  const { prepared, clock, onReply, requestTimeoutMs, connections: laneCount = 1 } = options;
  const readBuffer = Buffer.allocUnsafeSlow(readBufferBytes);
  /** The connections that take calls. */
  const lanes: (Http2Connection | undefined)[] = Array.from<undefined>({ length: laneCount });
  /** Those, and the ones that only finish what they have. */
  const alive = new Set<Http2Connection>();
  let isClosed = false;

  const connect = (): Http2Connection => {
    const connection = new Http2Connection({
      ...options,
      readBuffer,
      capacity: Math.max(1, options.concurrency),
      hasTimeLimit: requestTimeoutMs !== undefined,
      onReturn: sendAgain,
      onGone: (gone) => alive.delete(gone),
    });
    alive.add(connection);
    return connection;
  };

  const laneAt = (index: number): Http2Connection => {
    const present = lanes[index];
    if (present?.isUsable) return present;
    const made = connect();
    lanes[index] = made;
    return made;
  };

  /** The lane with the least to do. */
  const pickLane = (): Http2Connection => {
    let best = laneAt(0);
    for (let index = 1; index < laneCount && best.load > 0; index++) {
      const lane = laneAt(index);
      if (lane.load < best.load) best = lane;
    }
    return best;
  };

  const sendAgain = ({ request, token, sentAt, attempts }: PendingCall, failure: Failure): void => {
    if (isClosed || attempts >= retryLimit) {
      const now = clock.now();
      onReply(token, isClosed ? abandoned : failure, now, now);
    } else {
      pickLane().start(request, token, sentAt, attempts + 1);
    }
  };

  const sweep =
    requestTimeoutMs === undefined
      ? undefined
      : startTimeoutSweep(requestTimeoutMs, (limit) => {
          const now = clock.now();
          for (const connection of alive) connection.expire(now, limit);
        });

  const send = (request: number, token: number): void => {
    if (prepared[request] === undefined) throw new RangeError(`no prepared request ${request}`);
    if (isClosed) {
      setImmediate(() => onReply(token, abandoned, clock.now(), clock.now()));
      return;
    }
    pickLane().start(request, token, sweep === undefined ? never : clock.now(), 0);
  };

  return {
    send,
    [Symbol.asyncDispose]: async () => {
      isClosed = true;
      sweep?.[Symbol.dispose]();
      await Promise.all([...alive].map((connection) => connection.close()));
    },
  };
}
