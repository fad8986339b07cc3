import { writeUint32 } from '../../http2/frame.js';

export const messagePrefixBytes = 5;

/** Writes the prefix of a message (gRPC over HTTP/2, "Length-Prefixed-Message"); the position after it. */
export function writeMessagePrefix(bytes: Buffer, at: number, length: number, isCompressed: boolean): number {
  bytes[at] = isCompressed ? 1 : 0;
  return writeUint32(bytes, at + 1, length);
}
