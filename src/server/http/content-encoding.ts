import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { messageOf } from '../../core/perf-error.js';
import { ProtocolError } from '../../protocol/protocol-error.js';
import { tooLarge } from './request-body.js';

const decoders = { gzip: promisify(gunzip), deflate: promisify(inflate) } as const;

/** What this server can read, for `Accept-Encoding` of a refusal. */
export const readableEncodings = Object.keys(decoders).join(', ');

/** Whether bodies with this `Content-Encoding` can be read. */
export const isReadableEncoding = (encoding: string | undefined): boolean =>
  encoding === undefined || encoding === 'identity' || Object.hasOwn(decoders, encoding);

/**
 * The body without its `Content-Encoding`, never more than `maxBytes` of it.
 *
 * @throws ProtocolError when the body is empty, broken, or larger than allowed once decompressed
 */
export async function decompressed(body: Buffer, encoding: string | undefined, maxBytes: number): Promise<Buffer> {
  if (encoding !== 'gzip' && encoding !== 'deflate') return body;
  if (body.length === 0) throw new ProtocolError('nothing to be decompressed');
  try {
    return await decoders[encoding](body, { maxOutputLength: maxBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge('decompressed body', maxBytes);
    throw new ProtocolError(`failed to decompress the ${encoding} body: ${messageOf(error)}`);
  }
}
