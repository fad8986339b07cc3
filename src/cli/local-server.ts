import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { PerfError } from '../core/perf-error.js';
import type { EmbeddedServer, EmbeddedServerOptions } from './embedded-server.js';
import { endWithUs } from './end-with-us.js';
import { superviseServer } from './supervise-server.js';

const pollMs = 100;

/**
 * Launches a server that has Triton's flags, such as `tritonserver`, on free ports, and waits until it is ready. It leads a process group of its
 * own, which ends when we do, also when we are killed.
 *
 * @throws PerfError `unreachable` when it cannot be started or ends before it is ready
 */
export async function launchLocalServer(program: string, options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  const { modelRepository, modelNames, interrupt, launch } = options;
  const [http = 0, grpc = 0, metrics = 0] = await freePorts(3);
  const flags = {
    'model-repository': modelRepository,
    'model-control-mode': 'explicit',
    'http-port': http,
    'grpc-port': grpc,
    'metrics-port': metrics,
  };
  const args = [
    ...Object.entries(flags).map(([name, value]) => `--${name}=${value}`),
    ...modelNames.map((name) => `--load-model=${name}`),
    ...(launch?.flags ?? []),
  ];
  const child = spawn(program, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
    env: { ...process.env, ...launch?.environment },
  });
  let refusal: Error | undefined;
  child.once('error', (cause) => {
    refusal = cause;
  });
  const { lost, ending, stop } = superviseServer(child, options);
  if (child.pid !== undefined) {
    const watch = endWithUs(child.pid);
    child.once('close', () => watch[Symbol.dispose]());
  }
  try {
    await becomeReady(`http://127.0.0.1:${http}/v2/health/ready`, AbortSignal.any([lost, interrupt.signal]));
    return { pid: child.pid ?? 0, ports: { http, grpc, metrics }, lost, ending, [Symbol.asyncDispose]: stop };
  } catch (cause) {
    if (interrupt.signal.aborted) {
      await stop();
      throw interrupt.signal.reason;
    }
    if (!lost.aborted) await stop();
    throw new PerfError(
      'unreachable',
      `Cannot start --triton-server-path ${program}: expected it to become ready, got ${refusal?.message ?? ending()}`,
      { cause },
    );
  }
}

/** Rejects when the signal is aborted before. */
async function becomeReady(url: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const isReady = await fetch(url, { signal }).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) return;
    await sleep(pollMs, undefined, { signal });
  }
}

/** Nobody listens on them now; another program may take one before the server does, which then does not start. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject);
          server.once('listening', () => {
            const address = server.address();
            resolve(typeof address === 'object' && address !== null ? address.port : 0);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
