import type { Failure } from '../../../src/core/failure.js';
import { errorCodes } from '../../../src/http2/frame.js';

/** gRPC status codes (grpc/doc/statuscodes.md), as far as a client makes them up itself. */
const status = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
  deadlineExceeded: 4,
} as const;

/** For an answer without `grpc-status` (grpc/doc/http-grpc-status-mapping.md). */
const statusOfHttp: ReadonlyMap<number, number> = new Map([
  [400, status.internal],
  [401, status.unauthenticated],
  [403, status.permissionDenied],
  [404, status.unimplemented],
  [429, status.unavailable],
  [502, status.unavailable],
  [503, status.unavailable],
  [504, status.unavailable],
]);

/** For a stream that was reset (gRPC over HTTP/2, "Errors"); all other codes are INTERNAL. */
const statusOfReset: ReadonlyMap<number, number> = new Map([
  [errorCodes.refusedStream, status.unavailable],
  [errorCodes.cancel, status.cancelled],
  [errorCodes.enhanceYourCalm, status.resourceExhausted],
  [errorCodes.inadequateSecurity, status.permissionDenied],
]);

/** The server answered with a status other than OK. With a time limit of ours, DEADLINE_EXCEEDED is that limit's. */
export function statusFailure(code: number, message: string, hasTimeLimit: boolean): Failure {
  return { code: hasTimeLimit && code === status.deadlineExceeded ? 'timeout' : `grpc ${code}`, message };
}

/** The answer ended without a gRPC status: the HTTP status has to stand in. */
export function httpStatusFailure(httpStatus: number | undefined): Failure {
  if (httpStatus === undefined) return { code: `grpc ${status.unknown}`, message: 'No status information received' };
  const code = statusOfHttp.get(httpStatus) ?? status.unknown;
  return { code: `grpc ${code}`, message: `Received HTTP status code ${httpStatus}` };
}

/** The server reset the stream. */
export function resetFailure(errorCode: number): Failure {
  const code = statusOfReset.get(errorCode) ?? status.internal;
  return { code: `grpc ${code}`, message: `Received RST_STREAM with code ${errorCode}` };
}

/** The status was OK, but a unary call must have exactly one message (UNIMPLEMENTED, grpc/doc/statuscodes.md). */
export const messageCountFailure = (count: number): Failure => ({
  code: `grpc ${status.unimplemented}`,
  message: count === 0 ? 'No message received' : 'Too many responses received',
});
