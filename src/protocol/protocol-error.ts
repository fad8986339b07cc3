/** A message that does not follow the v2 protocol. A server answers it with 400 / INVALID_ARGUMENT or 501 / UNIMPLEMENTED. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly reason: 'invalid-argument' | 'unsupported';

  constructor(message: string, reason: 'invalid-argument' | 'unsupported' = 'invalid-argument') {
    super(message);
    this.reason = reason;
  }
}
