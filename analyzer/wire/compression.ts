import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';

/** The codings of both protocols; `deflate` is the format of zlib in both (RFC 9110 section 8.4.1.2). */
export type Compression = 'gzip' | 'deflate';

/** Done once a prepared request, before the run: the slow default level costs the run nothing. */
export const compressed = (bytes: Uint8Array, compression: Compression): Buffer =>
  compression === 'gzip' ? gzipSync(bytes) : deflateSync(bytes);

/** The bytes of an answer without their coding; absent when the coding is unknown or the bytes are broken. */
export function decompressed(bytes: Buffer, coding: string | undefined): Buffer | undefined {
  if (coding === undefined || coding === 'identity') return bytes;
  try {
    if (coding === 'gzip' || coding === 'x-gzip') return gunzipSync(bytes);
    return coding === 'deflate' ? inflateSync(bytes) : undefined;
  } catch {
    return undefined;
  }
}
