import type { Refusal, RefusalError } from '../refusal.js';

/** What ends a call that failed. */
export interface GrpcStatus {
  readonly code: number;
  readonly details: string;
}

/** The gRPC status code of every reason to refuse. */
export const grpcCode: Readonly<Record<Refusal, number>> = {
  'invalid-argument': 3, // INVALID_ARGUMENT
  'not-found': 5, // NOT_FOUND
  'already-exists': 6, // ALREADY_EXISTS
  unavailable: 14, // UNAVAILABLE
  unsupported: 12, // UNIMPLEMENTED
  cancelled: 1, // CANCELLED
  internal: 13, // INTERNAL
};

/** The text travels percent-encoded in a trailer, up to three bytes for one, and most clients limit those to 8 KiB. */
const maxDetailsBytes = 2048;

/** The status of a refused call. Its text is well-formed Unicode, which cannot be said of every error message. */
export function refusalStatus({ reason, message }: RefusalError): GrpcStatus {
  const bytes = Buffer.from(message);
  const details = bytes.toString('utf8', 0, maxDetailsBytes);
  return { code: grpcCode[reason], details: bytes.length > maxDetailsBytes ? `${details}...` : details };
}
