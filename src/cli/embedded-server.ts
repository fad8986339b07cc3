import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { messageOf, PerfError } from '../core/perf-error.js';
import type { ServerPorts } from '../server/start-server.js';
import type { Interrupt } from './interrupt.js';
import type { ServerMessage } from './serve-host.js';
import { superviseServer } from './supervise-server.js';

/** How a server is to be started. */
export interface ServerLaunch {
  /** Another server of Triton's flags and protocol; absent: the embedded one. */
  readonly program?: string;
  readonly flags: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

export interface EmbeddedServerOptions {
  readonly modelRepository: string;
  /** To be loaded. */
  readonly modelNames: readonly string[];
  /** Whether clients may use shared memory. */
  readonly allowClientShm: boolean;
  readonly interrupt: Interrupt;
  /** Beside what we need ourselves. */
  readonly launch?: ServerLaunch;
  /** Gets each line that the server prints on its standard error. */
  readonly onLine: (line: string) => void;
}

export interface EmbeddedServer extends AsyncDisposable {
  /** Of its process, which leads a process group of its own. */
  readonly pid: number;
  readonly ports: { readonly http: number; readonly grpc: number; readonly metrics: number };
  /** Aborts, with `server-lost` as its reason, when the server ends by itself. */
  readonly lost: AbortSignal;
  /** How it ended; only after `lost`. */
  ending(): string;
}

/**
 * Both spare the server collections of its whole heap, pauses of up to 20 ms. V8 collects a heap that looks idle some seconds
 * after the work began, in the middle of a level; and it takes the memory of tensors for growth of a heap that is small: with
 * outputs of 64 KB it collected six times a second, now once, and the server's resident memory is the same to 3 %.
 */
const nodeFlags = ['--no-memory-reducer', '--initial-old-space-size=128'];

/**
 * Launches `perf-analyze serve` on free ports in a process of its own, so that the model's work never delays the client's
 * clock. It has a process group of its own (a terminal's Ctrl-C does not reach it) and ends when our end of the
 * IPC channel closes, however we end.
 *
 * @throws PerfError `model` when the model cannot be served
 */
export async function launchEmbeddedServer(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  const { modelRepository, modelNames, interrupt } = options;
  const flags = [
    ...['--model-repository', modelRepository],
    ...['--model-control-mode', 'explicit', ...modelNames.flatMap((name) => ['--load-model', name])],
    ...['--http-port', '0', '--grpc-port', '0', '--metrics-port', '0'],
    ...(options.allowClientShm ? ['--allow-client-shm'] : []),
    ...(options.launch?.flags ?? []),
  ];
  const command = [...nodeFlags, fileURLToPath(new URL('main.js', import.meta.url)), 'serve', ...flags];
  const child = spawn(process.execPath, command, {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    detached: true,
    env: { ...process.env, ...options.launch?.environment },
  });
  const { lost, ending, stop } = superviseServer(child, options);
  try {
    const ports = await becomeReady(child, { ending, signal: interrupt.signal });
    return { pid: child.pid ?? 0, ports, lost, ending, [Symbol.asyncDispose]: stop };
  } catch (cause) {
    await stop();
    throw cause;
  }
}

interface Readiness {
  readonly ending: () => string;
  readonly signal: AbortSignal;
}

function becomeReady(child: ChildProcess, { ending, signal }: Readiness): Promise<EmbeddedServer['ports']> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    child.once('error', (cause) =>
      reject(new PerfError('unreachable', `Cannot start the embedded server: ${messageOf(cause)}`, { cause })),
    );
    child.once('close', () =>
      reject(
        new PerfError('unreachable', `Cannot start the embedded server: expected it to become ready, got ${ending()}`),
      ),
    );
    child.on('message', (message: ServerMessage) => {
      signal.removeEventListener('abort', onAbort);
      if (message.kind === 'ready') resolve(portsOf(message.ports));
      else reject(refusalOf(message));
    });
    if (signal.aborted) onAbort();
  });
}

/** All three front ends are always asked for. */
function portsOf({ http, grpc, metrics }: ServerPorts): EmbeddedServer['ports'] {
  if (http === undefined || grpc === undefined || metrics === undefined) throw new Error('the server has no ports');
  return { http, grpc, metrics };
}

/** A failure without a code is a bug of ours in the server's process, whose stack is among its last lines. */
function refusalOf({ code, message, hint }: Extract<ServerMessage, { kind: 'failed' }>): Error {
  if (code === undefined) return new Error(`the embedded server failed to start: ${message}`);
  return new PerfError(code, message, hint === undefined ? {} : { hint });
}
