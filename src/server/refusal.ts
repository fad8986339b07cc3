/** Why the server refuses. Each front end maps every reason to a status of its protocol. */
export type Refusal =
  | 'invalid-argument'
  | 'not-found'
  | 'already-exists'
  | 'unavailable'
  | 'unsupported'
  | 'cancelled'
  | 'internal';

/** A refusal with the text that the client reads; the same text on every protocol. */
export class RefusalError extends Error {
  override readonly name = 'RefusalError';
  readonly reason: Refusal;

  constructor(reason: Refusal, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.reason = reason;
  }
}

/** What a request that its client gave up is answered. */
export const cancellation = (): RefusalError => new RefusalError('cancelled', 'request was cancelled');
