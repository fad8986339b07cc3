import { messageOf, PerfError } from '../core/perf-error.js';
import type { InferenceService } from '../server/inference-service.js';
import { type ServerPorts, startServer } from '../server/start-server.js';
import type { ServeHost } from './serve-host.js';
import type { ServeOptions } from './serve-options.js';

/** Loads the models; the service is disposed after the last answer. */
export type OpenService = (
  options: ServeOptions,
  log: (line: string) => void,
) => Promise<InferenceService & AsyncDisposable>;

/** What the rest may take once everything in flight was cut. */
const cutMarginMs = 1000;

/**
 * Serves models until the host wants it to stop, then answers what is in flight.
 *
 * @throws PerfError when a model or a port cannot be opened; the launching process is told first
 */
export async function serve(options: ServeOptions, host: ServeHost, openService: OpenService): Promise<void> {
  using _ = leaveAfter(options.exitTimeoutMs, host);
  try {
    for (const warning of options.warnings) host.say(warning);
    host.stop.addEventListener('abort', host.leave); // nothing is in flight while models load
    await using service = await openService(options, host.say);
    await using server = await startServer(service, { ...options, log: service.log.say });
    host.stop.removeEventListener('abort', host.leave);
    for (const line of endpointLines(options, server.ports)) host.say(line);
    await host.tell({ kind: 'ready', ports: server.ports });
    await aborted(host.stop);
  } catch (thrown) {
    const { code, hint } = thrown instanceof PerfError ? thrown : {};
    await host.tell({ kind: 'failed', message: messageOf(thrown), hint, code });
    throw thrown;
  }
}

/** From the wish to stop: the front ends cut what is in flight; this is for a model that computes on. */
function leaveAfter(limitMs: number, { stop, say, leave }: ServeHost): Disposable {
  let timer: NodeJS.Timeout | undefined;
  const start = (): void => {
    timer = setTimeout(() => {
      say(`warning: a model still computes after --exit-timeout-secs ${limitMs / 1000}: leaving`);
      leave();
    }, limitMs + cutMarginMs);
  };
  stop.addEventListener('abort', start, { once: true });
  return {
    [Symbol.dispose]: () => {
      stop.removeEventListener('abort', start);
      clearTimeout(timer);
    },
  };
}

function endpointLines(options: ServeOptions, { http, grpc, metrics }: ServerPorts): string[] {
  const { httpAddress, grpcAddress, metricsAddress } = options;
  return [
    ...(http === undefined ? [] : [`HTTP     http://${urlHost(httpAddress)}:${http}`]),
    ...(grpc === undefined ? [] : [`gRPC     ${urlHost(grpcAddress)}:${grpc}`]),
    ...(metrics === undefined ? [] : [`metrics  http://${urlHost(metricsAddress)}:${metrics}/metrics`]),
  ];
}

const urlHost = (address: string): string => (address.includes(':') ? `[${address}]` : address);

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
