import { messageOf, PerfError } from '../core/perf-error.js';
import type { Address, Endpoint } from './endpoint.js';
import type { HeaderPattern } from './forwarded-headers.js';
import type { CompressionLevel } from './grpc/compressed-method.js';
import { startGrpcServer } from './grpc/grpc-server.js';
import { startHttpServer } from './http/http-server.js';
import type { InferenceService } from './inference-service.js';
import type { MetricsConfig } from './metrics.js';
import { startMetricsServer } from './metrics-server.js';
import type { Log } from './refusal-of.js';
import type { Restrictions } from './restricted-apis.js';

/** Where the front ends listen; port 0 picks a free one. Everything has Triton's default. */
export interface ServerOptions {
  readonly httpAddress?: string;
  readonly grpcAddress?: string;
  /** As `httpAddress` unless given. */
  readonly metricsAddress?: string;
  readonly httpPort?: number;
  readonly grpcPort?: number;
  readonly metricsPort?: number;
  readonly allowHttp?: boolean;
  readonly allowGrpc?: boolean;
  readonly allowMetrics?: boolean;
  /** Limit of JSON and raw HTTP bodies, in bytes. */
  readonly httpMaxInputBytes?: number;
  readonly httpRestrictions?: Restrictions;
  readonly grpcRestrictions?: Restrictions;
  /** Headers that become parameters of inferences; none unless given. */
  readonly httpForwardPattern?: HeaderPattern | undefined;
  readonly grpcForwardPattern?: HeaderPattern | undefined;
  /** Of the answers to inferences over gRPC; none unless given. */
  readonly grpcCompression?: CompressionLevel;
  /** Which latencies `/metrics` has; summaries need a service that keeps them. */
  readonly metrics?: MetricsConfig;
  /** How long closing waits for what is in flight. */
  readonly exitTimeoutMs?: number;
  /** Takes the stacks of internal errors. */
  readonly log: Log;
}

type EndpointName = 'http' | 'grpc' | 'metrics';

/** The ports that were chosen; a front end that is not allowed has none. */
export type ServerPorts = Readonly<Partial<Record<EndpointName, number>>>;

/** The front ends of one service. Disposing them drains what is in flight; the service stays the caller's. */
export interface RunningServer extends AsyncDisposable {
  readonly ports: ServerPorts;
}

/** Triton's default for `--http-max-input-size`: 64 MiB. */
export const defaultMaxInputBytes = 2 ** 26;
const defaultExitTimeoutMs = 30_000;

interface FrontEnd {
  readonly name: EndpointName;
  readonly allowed: boolean;
  readonly address: Address;
  readonly start: (address: Address) => Promise<Endpoint>;
}

/**
 * Opens the HTTP, gRPC and metrics ports of a service. When one cannot be opened the others are closed again.
 *
 * @throws PerfError `usage` that names the flag of the port which cannot be opened
 */
export async function startServer(service: InferenceService, options: ServerOptions): Promise<RunningServer> {
  const endpoints: Endpoint[] = [];
  const ports: Partial<Record<EndpointName, number>> = {};
  const close = async () => {
    const graceMs = options.exitTimeoutMs ?? defaultExitTimeoutMs;
    await Promise.all(endpoints.map((endpoint) => endpoint.close(graceMs)));
  };
  try {
    for (const frontEnd of frontEndsOf(service, options)) {
      if (!frontEnd.allowed) continue;
      const endpoint = await started(frontEnd);
      endpoints.push(endpoint);
      ports[frontEnd.name] = endpoint.port;
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { ports, [Symbol.asyncDispose]: close };
}

function frontEndsOf(service: InferenceService, options: ServerOptions): FrontEnd[] {
  const { log, httpAddress = '127.0.0.1', grpcAddress = '127.0.0.1' } = options;
  const { httpRestrictions = new Map(), grpcRestrictions = new Map(), grpcCompression: compression = 'none' } = options;
  const maxInputBytes = options.httpMaxInputBytes ?? defaultMaxInputBytes;
  return [
    {
      name: 'http',
      allowed: options.allowHttp ?? true,
      address: { host: httpAddress, port: options.httpPort ?? 8000 },
      start: (address) =>
        startHttpServer(service, {
          ...address,
          maxInputBytes,
          log,
          restrictions: httpRestrictions,
          forwardPattern: options.httpForwardPattern,
        }),
    },
    {
      name: 'grpc',
      allowed: options.allowGrpc ?? true,
      address: { host: grpcAddress, port: options.grpcPort ?? 8001 },
      start: (address) =>
        startGrpcServer(service, {
          ...address,
          log,
          restrictions: grpcRestrictions,
          compression,
          forwardPattern: options.grpcForwardPattern,
        }),
    },
    {
      name: 'metrics',
      allowed: options.allowMetrics ?? true,
      address: { host: options.metricsAddress ?? httpAddress, port: options.metricsPort ?? 8002 },
      start: (address) => startMetricsServer(service, { ...address, log, metrics: options.metrics }),
    },
  ];
}

async function started({ name, address, start }: FrontEnd): Promise<Endpoint> {
  try {
    return await start(address);
  } catch (cause) {
    throw listenRefusal(name, address, messageOf(cause));
  }
}

/** A host that is not ours, or not known, is a matter of another flag than a port. */
function listenRefusal(name: string, { host, port }: FrontEnd['address'], reason: string): PerfError {
  if (/EADDRNOTAVAIL|ENOTFOUND|EAI_AGAIN|EINVAL/.test(reason)) {
    const expected = 'an address of this machine, such as 127.0.0.1 or 0.0.0.0';
    return new PerfError('usage', `Cannot listen on ${host} (--${name}-address): expected ${expected}, got ${reason}`);
  }
  const got = reason.includes('EADDRINUSE') ? 'one in use' : reason;
  return new PerfError('usage', `Cannot listen on ${host}:${port} (--${name}-port): expected a free port, got ${got}`, {
    hint: `Stop what listens there, or pick another with --${name}-port (0 = any free one).`,
  });
}
