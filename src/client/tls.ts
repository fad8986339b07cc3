import type { ConnectionOptions } from 'node:tls';

/** How a server is told to be the right one, and how we show who we are. Certificates and keys are PEM. */
export interface TlsOptions {
  /** Absent: the authorities that Node trusts. */
  readonly authorities?: Buffer | undefined;
  /** Ours, with what signed it. */
  readonly certificateChain?: Buffer | undefined;
  readonly privateKey?: Buffer | undefined;
  /** The certificate must come from an authority. Without this, its name is not looked at either. */
  readonly verifiesPeer: boolean;
  /** The certificate must be for the host that we asked for. */
  readonly verifiesHost: boolean;
}

/** The same for `node:tls`, and for all that is built on it. */
export function nodeTlsOptions(
  tls: TlsOptions,
): Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'rejectUnauthorized' | 'checkServerIdentity'> {
  const { authorities, certificateChain, privateKey, verifiesPeer, verifiesHost } = tls;
  return {
    ...(authorities === undefined ? {} : { ca: authorities }),
    ...(certificateChain === undefined ? {} : { cert: certificateChain }),
    ...(privateKey === undefined ? {} : { key: privateKey }),
    rejectUnauthorized: verifiesPeer,
    ...(verifiesHost ? {} : { checkServerIdentity: () => undefined }),
  };
}
