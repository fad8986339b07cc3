import type { IncomingMessage } from 'node:http';
import { ProtocolError } from '../../protocol/protocol-error.js';

/** As in Triton: a chunked body of more pieces than this is an attack on the bookkeeping. */
const maxChunks = 65536;

/** The request ended before its body did. */
export class BodyCutShortError extends Error {
  override readonly name = 'BodyCutShortError';
}

/** What a client may do about a body over the limit. */
export const tooLarge = (what: string, maxBytes: number): ProtocolError =>
  new ProtocolError(
    `${what} exceeds the maximum allowed value of ${maxBytes} bytes. Use --http-max-input-size to increase the limit.`,
  );

/**
 * Reads a whole body. A body that came in one piece is not copied.
 *
 * @throws ProtocolError as soon as the body is known to be over `maxBytes`; the rest is then still unread
 * @throws BodyCutShortError when the connection closes before the end
 */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > maxBytes) return Promise.reject(tooLarge(`request body of ${declared} bytes`, maxBytes));
  const mayHoldPieces = request.headers['transfer-encoding'] === undefined ? Number.POSITIVE_INFINITY : maxChunks;
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let size = 0;
    const stop = (reason: Error) => {
      request.off('data', take);
      pieces.length = 0;
      reject(reason);
    };
    const take = (piece: Buffer) => {
      size += piece.length;
      pieces.push(piece);
      if (size > maxBytes) stop(tooLarge('request body', maxBytes));
      else if (pieces.length > mayHoldPieces) {
        stop(new ProtocolError(`request body has more than ${maxChunks} chunks`));
      }
    };
    request.on('data', take);
    request.once('end', () => resolve(pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces, size)));
    request.once('close', () => {
      if (!request.complete) stop(new BodyCutShortError('request body is cut short'));
    });
    request.on('error', () => undefined); // `close` follows
  });
}
