import { encodeBlock } from '../../http2/hpack/hpack-encode.js';
import type { Field } from '../../http2/hpack/static-table.js';
import type { GrpcStatus } from './status.js';

const answerFields = (encoding: string | undefined): readonly Field[] => [
  [':status', '200'],
  ['content-type', 'application/grpc'],
  ...(encoding === undefined ? [] : [['grpc-encoding', encoding] as const]),
  ['grpc-accept-encoding', 'identity,deflate,gzip'],
];

const statusFields = ({ code, details }: GrpcStatus): readonly Field[] => [
  ['grpc-status', String(code)],
  ...(details === '' ? [] : [['grpc-message', percentEncoded(details)] as const]),
];

/** The header block of an answer, by how its messages are compressed. */
export const answerBlocks = {
  identity: encodeBlock(answerFields(undefined)),
  gzip: encodeBlock(answerFields('gzip')),
  deflate: encodeBlock(answerFields('deflate')),
} as const;

const okBlock = encodeBlock(statusFields({ code: 0, details: '' }));

/** The block that ends an answer (gRPC over HTTP/2, "Trailers"). */
export const trailersBlock = (status: GrpcStatus): Uint8Array =>
  status.code === 0 ? okBlock : encodeBlock(statusFields(status));

/** The only block of an answer without messages ("Trailers-Only"). */
export const statusOnlyBlock = (status: GrpcStatus): Uint8Array =>
  encodeBlock([...answerFields(undefined), ...statusFields(status)]);

/** The only block of the answer to what is no gRPC call. */
export const httpStatusBlock = (httpStatus: number): Uint8Array => encodeBlock([[':status', String(httpStatus)]]);

/** UTF-8 in which bytes outside printable ASCII, and the percent sign, are `%XX` (gRPC over HTTP/2, "Status-Message"). */
function percentEncoded(text: string): string {
  if (/^[ -$&-~]*$/.test(text)) return text;
  return Array.from(Buffer.from(text), (byte) =>
    byte >= 0x20 && byte <= 0x7e && byte !== 0x25
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  ).join('');
}
