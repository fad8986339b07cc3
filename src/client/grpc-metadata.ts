import { Metadata } from '@grpc/grpc-js';
import type { HeaderField } from './connection.js';

/** Header fields as metadata; the values of binary ones (`-bin`) are base64, as they travel. `host` is no metadata. */
export function metadataOf(headers: readonly HeaderField[]): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of headers) {
    const isBinary = name.toLowerCase().endsWith('-bin');
    if (!isHost(name)) metadata.add(name, isBinary ? Buffer.from(value, 'base64') : value);
  }
  return metadata;
}

/** The name that the server is asked for, when it is not that of its address: `Host` over HTTP is `:authority` here. */
export const authorityOf = (headers: readonly HeaderField[]): string | undefined =>
  headers.find(([name]) => isHost(name))?.[1];

const isHost = (name: string): boolean => name.toLowerCase() === 'host';
