/** A header block that cannot be decoded: the connection is of no use any more (RFC 7541 section 2.2). */
export class HpackError extends Error {
  override readonly name = 'HpackError';
}
