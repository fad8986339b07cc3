import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const command = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

/** `perf-analyze serve` in a process of its own, all models loaded. */
export interface ServerProcess {
  readonly child: ChildProcess;
  readonly ports: { readonly http: number; readonly grpc: number };
  /** How it ended; `undefined` while it lives. */
  exit(): string | undefined;
  internalErrors(): string[];
  /** Resident memory after everything that is garbage has been collected; 0 when the process is gone. */
  settledBytes(): Promise<number>;
  stop(): Promise<void>;
}

/** Runs in the server before its own code: collects garbage when it is asked to. */
const settler = `data:text/javascript,process.on('message', (message) => {
  if (message !== 'settle') return;
  for (let round = 0; round < 3; round++) gc();
  process.send({ kind: 'settled' });
})`.replace(/\s+/g, ' ');

export async function startServerProcess(repository: string): Promise<ServerProcess> {
  const ports = ['--http-port', '0', '--grpc-port', '0', '--allow-metrics', 'false'];
  const control = ['--model-control-mode', 'explicit', '--load-model', '*'];
  const child = fork(command, ['serve', '--model-repository', repository, ...ports, ...control], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: ['--expose-gc', '--import', settler],
  });
  let text = '';
  let ending: string | undefined;
  child.stderr?.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      ending = `code ${code}, signal ${signal}: ${text.slice(-2000)}`;
      resolve();
    });
  });
  const message = await new Promise<{ readonly kind: string; readonly ports: ServerProcess['ports'] }>(
    (resolve, reject) => {
      child.once('message', resolve);
      void ended.then(() => reject(new Error(`the server ended: ${ending}`)));
    },
  );
  if (message.kind !== 'ready') throw new Error(`the server did not start: ${text}`);
  return {
    child,
    ports: message.ports,
    exit: () => ending,
    internalErrors: () => text.split(/^(?=internal error: )/m).filter((part) => part.startsWith('internal error: ')),
    settledBytes: async () => {
      if (ending !== undefined) return 0;
      child.send('settle');
      await Promise.race([new Promise((resolve) => child.once('message', resolve)), ended]);
      return residentBytes(child);
    },
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** From `/proc`; 0 when the process is gone. */
function residentBytes({ pid }: ChildProcess): number {
  try {
    const [, pages = 0] = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ').map(Number);
    return pages * 4096;
  } catch {
    return 0;
  }
}
