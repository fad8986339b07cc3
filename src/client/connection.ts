import type { TlsOptions } from './tls.js';

/** A header field over HTTP, or an entry of the metadata over gRPC. */
export type HeaderField = readonly [name: string, value: string];

/** What all connections to a server have in common, on the path of load and beside it. */
export interface ConnectionOptions {
  /** Sent with every request, in place of our own of the same name. */
  readonly headers?: readonly HeaderField[];
  /** Given when the connection is encrypted. */
  readonly tls?: TlsOptions | undefined;
}
