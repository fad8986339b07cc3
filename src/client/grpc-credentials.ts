import { type ChannelCredentials, credentials } from '@grpc/grpc-js';
import type { TlsOptions } from './tls.js';

/** What a channel needs to know; without TLS it is cleartext. */
export function credentialsOf(tls: TlsOptions | undefined): ChannelCredentials {
  if (tls === undefined) return credentials.createInsecure();
  const { authorities, certificateChain, privateKey, verifiesPeer, verifiesHost } = tls;
  return credentials.createSsl(authorities ?? null, privateKey ?? null, certificateChain ?? null, {
    rejectUnauthorized: verifiesPeer,
    ...(verifiesHost ? {} : { checkServerIdentity: () => undefined }),
  });
}
