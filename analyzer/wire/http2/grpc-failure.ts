import type { Failure } from '../../../src/core/failure.js';
import { errorCodes } from '../../../src/http2/frame.js';
import { grpcStatus } from '../../../src/protocol/grpc-status.js';

/** For an answer without `grpc-status` (grpc/doc/http-grpc-status-mapping.md). */
const statusOfHttp: ReadonlyMap<number, number> = new Map([
  [400, grpcStatus.internal],
  [401, grpcStatus.unauthenticated],
  [403, grpcStatus.permissionDenied],
  [404, grpcStatus.unimplemented],
  [429, grpcStatus.unavailable],
  [502, grpcStatus.unavailable],
  [503, grpcStatus.unavailable],
  [504, grpcStatus.unavailable],
]);

/** For a stream that was reset (gRPC over HTTP/2, "Errors"); all other codes are INTERNAL. */
const statusOfReset: ReadonlyMap<number, number> = new Map([
  [errorCodes.refusedStream, grpcStatus.unavailable],
  [errorCodes.cancel, grpcStatus.cancelled],
  [errorCodes.enhanceYourCalm, grpcStatus.resourceExhausted],
  [errorCodes.inadequateSecurity, grpcStatus.permissionDenied],
]);

/** The server answered with a status other than OK. With a time limit of ours, DEADLINE_EXCEEDED is that limit's. */
export function statusFailure(code: number, message: string, hasTimeLimit: boolean): Failure {
  return { code: hasTimeLimit && code === grpcStatus.deadlineExceeded ? 'timeout' : `grpc ${code}`, message };
}

/** The answer ended without a gRPC status: the HTTP status has to stand in. */
export function httpStatusFailure(httpStatus: number | undefined): Failure {
  if (httpStatus === undefined)
    return { code: `grpc ${grpcStatus.unknown}`, message: 'No status information received' };
  const code = statusOfHttp.get(httpStatus) ?? grpcStatus.unknown;
  return { code: `grpc ${code}`, message: `Received HTTP status code ${httpStatus}` };
}

/** The server reset the stream. */
export function resetFailure(errorCode: number): Failure {
  const code = statusOfReset.get(errorCode) ?? grpcStatus.internal;
  return { code: `grpc ${code}`, message: `Received RST_STREAM with code ${errorCode}` };
}

/** The status was OK, but a unary call must have exactly one message (UNIMPLEMENTED, grpc/doc/statuscodes.md). */
export const messageCountFailure = (count: number): Failure => ({
  code: `grpc ${grpcStatus.unimplemented}`,
  message: count === 0 ? 'No message received' : 'Too many responses received',
});
