import { grpcStatus } from '../../protocol/grpc-status.js';
import type { Refusal, RefusalError } from '../refusal.js';

/** What ends a call that failed. */
export interface GrpcStatus {
  readonly code: number;
  readonly details: string;
}

/** The gRPC status code of every reason to refuse. */
export const grpcCode: Readonly<Record<Refusal, number>> = {
  'invalid-argument': grpcStatus.invalidArgument,
  'not-found': grpcStatus.notFound,
  'already-exists': grpcStatus.alreadyExists,
  unavailable: grpcStatus.unavailable,
  unsupported: grpcStatus.unimplemented,
  cancelled: grpcStatus.cancelled,
  internal: grpcStatus.internal,
};

/** The text travels percent-encoded in a trailer, up to three bytes for one, and most clients limit those to 8 KiB. */
const maxDetailsBytes = 2048;

/** The status of a refused call. Its text is well-formed Unicode, which cannot be said of every error message. */
export function refusalStatus({ reason, message }: RefusalError): GrpcStatus {
  const bytes = Buffer.from(message);
  const details = bytes.toString('utf8', 0, maxDetailsBytes);
  return { code: grpcCode[reason], details: bytes.length > maxDetailsBytes ? `${details}...` : details };
}
