import type { ConnectionOptions } from '../client/connection.js';
import type { V2Client } from '../client/v2-client.js';

export type Protocol = 'http' | 'grpc';

/** The one place that names both clients; it loads only the one that is used, since each brings a large package. */
export async function connect(
  protocol: Protocol,
  url: string,
  options: ConnectionOptions & { readonly timeoutMs?: number } = {},
): Promise<V2Client> {
  if (protocol === 'http') {
    const { createHttpClient } = await import('../client/http-client.js');
    return createHttpClient({ origin: originOf(url), ...options });
  }
  const { createGrpcClient } = await import('../client/grpc-client.js');
  return createGrpcClient({ address: addressOf(url), ...options });
}

/** `host:port` of a server over gRPC. */
export const addressOf = (url: string): string => url.replace(/^grpcs:\/\//, '');

/** `-u` may be `host:port` or an `http://` URL. */
export const originOf = (url: string): string => (/^https?:\/\//.test(url) ? url.replace(/\/+$/, '') : `http://${url}`);
