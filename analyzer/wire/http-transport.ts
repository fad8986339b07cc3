import { type Dispatcher, errors, Pool } from 'undici';
import type { ConnectionOptions } from '../../src/client/connection.js';
import { nodeTlsOptions } from '../../src/client/tls.js';
import type { Clock } from '../../src/core/clock.js';
import type { Failure } from '../../src/core/failure.js';
import { messageOf } from '../../src/core/perf-error.js';
import type { Nanoseconds } from '../../src/core/units.js';
import { headerLengthField } from '../../src/protocol/http-infer.js';
import type { InferRequest } from '../../src/protocol/infer.js';
import { BodyCollector } from './body-collector.js';
import { decompressed } from './compression.js';
import { abandoned, timedOut, undecodable, violated } from './failures.js';
import { errorBodyLimitBytes, statusFailure } from './http1/error-text.js';
import { inferPath, type RequestForm, requestBody } from './http1/prepare-request.js';
import type { OpenOptions, OpenTransport } from './transport.js';

export interface HttpTarget extends ConnectionOptions {
  /** Origin, e.g. `http://localhost:8000`. */
  readonly origin: string;
  readonly requests: readonly InferRequest[];
  readonly clock: Clock;
  /** Absent: wait for as long as it takes. */
  readonly requestTimeoutMs?: number | undefined;
  readonly form?: RequestForm;
}

/**
 * HTTP/1.1 with binary tensors over `undici`: one connection for each request in flight. For everything that the wire
 * of `http1/` leaves out, and the oracle that it is tested against.
 */
export function httpTransport(target: HttpTarget): OpenTransport {
  const prepared = target.requests.map((request) => prepare(request, target));
  return (options) => {
    const pool = new Pool(target.origin, {
      connections: options.concurrency,
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      ...(target.tls && { connect: nodeTlsOptions(target.tls) }),
    });
    return {
      send: (request, token) => {
        const dispatched = prepared[request];
        if (dispatched === undefined) throw new RangeError(`no prepared request ${request}`);
        pool.dispatch(dispatched, replyHandler(token, { ...target, ...options }));
      },
      [Symbol.asyncDispose]: () => pool.destroy(),
    };
  };
}

function prepare(request: InferRequest, { headers, form }: HttpTarget): Dispatcher.DispatchOptions {
  const { bytes, fields } = requestBody(request, { ...form, headers });
  return {
    method: 'POST',
    path: inferPath(request),
    headers: fields.flat(),
    body: bytes,
  };
}

function replyHandler(
  token: number,
  { clock, requestTimeoutMs, onReply, onBody, keepsBody }: HttpTarget & OpenOptions,
): Dispatcher.DispatchHandler {
  let controller: Dispatcher.DispatchController | undefined;
  let status = 0;
  let headerLength: number | undefined;
  let coding: string | undefined;
  let firstAt: Nanoseconds | undefined;
  let isSettled = false;
  let isKept = false;
  const body = new BodyCollector();
  const errorBody = new BodyCollector(errorBodyLimitBytes);

  const settle = (failure: Failure | undefined): void => {
    if (isSettled) return;
    isSettled = true;
    clearTimeout(timer);
    const now = clock.now();
    onReply(token, failure ?? handBody(), firstAt ?? now, now);
  };
  const handBody = (): Failure | undefined => {
    if (onBody === undefined || !isKept) return undefined;
    const content = decompressed(body.take(), coding);
    if (content === undefined) return undecodable(coding);
    onBody(token, content, headerLength);
    return undefined;
  };
  const expire = (limitMs: number): void => {
    settle(timedOut(limitMs));
    controller?.abort(new Error('timeout'));
  };
  const timer = requestTimeoutMs === undefined ? undefined : setTimeout(expire, requestTimeoutMs, requestTimeoutMs);

  return {
    onRequestStart: (started) => {
      controller = started;
      if (isSettled) started.abort(new Error('timeout'));
    },
    onResponseStart: (_controller, statusCode, headers) => {
      status = statusCode;
      const length = headers[headerLengthField];
      headerLength = length === undefined ? undefined : Number(length);
      const size = headers['content-length'];
      if (status === 200) isKept = keepsBody?.(token, size === undefined ? undefined : Number(size)) ?? true;
      coding = headers['content-encoding']?.toString();
      firstAt = clock.now();
    },
    onResponseData: (_controller, chunk) => {
      if (status !== 200) errorBody.push(chunk, 0, chunk.length);
      else if (onBody !== undefined && isKept) body.push(chunk, 0, chunk.length);
    },
    onResponseEnd: () =>
      settle(
        status === 200 ? undefined : statusFailure(status, decompressed(errorBody.take(), coding) ?? Buffer.alloc(0)),
      ),
    onResponseError: (_controller, error) => queueMicrotask(() => settle(failureOf(error))),
  };
}

function failureOf(error: Error): Failure {
  if (error instanceof errors.ClientDestroyedError) return abandoned;
  if (error instanceof errors.HTTPParserError) return violated(error.message);
  return { code: 'connect', message: messageOf(error) };
}
