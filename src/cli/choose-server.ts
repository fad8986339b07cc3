import type { ConnectionOptions } from '../client/connection.js';
import type { V2Client } from '../client/v2-client.js';
import { PerfError } from '../core/perf-error.js';
import { connect, type Protocol } from './connect.js';

export type ServiceKind = 'auto' | 'remote' | 'embedded';

/** Servers that are already running, or the one that we bring; and why those. */
export type ServerChoice =
  | { readonly kind: 'remote'; readonly urls: readonly string[]; readonly because: string }
  | { readonly kind: 'embedded'; readonly because: string };

export interface ChoiceOptions {
  readonly serviceKind: ServiceKind;
  readonly protocol: Protocol;
  /** As named; none: to be found. */
  readonly urls: readonly string[];
  /** The user named a model repository, which only the embedded server can serve. */
  readonly hasRepository: boolean;
  readonly connection?: ConnectionOptions;
}

/** Where servers of the v2 protocol usually listen. */
const usualUrls: Readonly<Record<Protocol, string>> = { http: 'localhost:8000', grpc: 'localhost:8001' };

/** Long enough for a server on this machine; nothing listens on most machines, which is known at once. */
const probeTimeoutMs = 500;

/**
 * Which server to measure: those that `-u` names, else one that answers on the protocol's default port, else the
 * embedded one. `--service-kind` decides outright.
 *
 * @throws PerfError `usage` when the flags contradict each other
 */
export async function chooseServer(options: ChoiceOptions, defaultUrls = usualUrls): Promise<ServerChoice> {
  const { serviceKind, protocol, urls, hasRepository } = options;
  if (urls.length > 0 && serviceKind === 'embedded') {
    throw new PerfError('usage', 'Cannot use -u with --service-kind embedded: expected one of them, got both', {
      hint: 'The embedded server chooses its own free ports.',
    });
  }
  if (urls.length > 0) return { kind: 'remote', urls, because: 'given with -u' };
  const defaultUrl = defaultUrls[protocol];
  if (serviceKind === 'embedded') return { kind: 'embedded', because: '--service-kind embedded' };
  if (serviceKind === 'remote') return { kind: 'remote', urls: [defaultUrl], because: '--service-kind remote' };
  if (hasRepository) return { kind: 'embedded', because: '--model-repository is given' };
  await using client = await connect(protocol, defaultUrl, { ...options.connection, timeoutMs: probeTimeoutMs });
  if (await isV2Server(client)) return { kind: 'remote', urls: [defaultUrl], because: 'a v2 server answers there' };
  return { kind: 'embedded', because: `no -u is given and no v2 server answers on ${defaultUrl}` };
}

/** Being alive is not enough: any web server may answer 200 to everything. */
async function isV2Server(client: V2Client): Promise<boolean> {
  try {
    await client.serverMetadata();
    return true;
  } catch {
    return false;
  }
}
