import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeSampleModel } from '../../sample-models/write-sample-model.js';

/** As it is when this is loaded: a command that runs in this process (`runIn`) has another one meanwhile. */
const temporaryRoot = tmpdir();

const command = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliProcess {
  readonly child: ChildProcess;
  readonly result: Promise<CliResult>;
  /** Resolves when a line of standard error matches, with the match; fails when the process ends before. */
  seen(pattern: RegExp): Promise<RegExpMatchArray>;
}

/** A place of its own for a test: working folder, cache, temporary folder; removed with `await using`. */
export interface Workplace extends AsyncDisposable {
  readonly folder: string;
  path(name: string): string;
  /** What commands get there beside our own environment. */
  readonly environment: Readonly<Record<string, string>>;
  start(...args: readonly string[]): CliProcess;
  run(...args: readonly string[]): Promise<CliResult>;
  /** Our processes that still run, by their command lines. */
  leftovers(): string[];
  /** What lies in the temporary folder. */
  temporaryFiles(): string[];
}

export function createWorkplace(): Workplace {
  const folder = mkdtempSync(join(temporaryRoot, 'perf-analyze-test-'));
  const temporary = join(folder, 'tmp');
  mkdirSync(temporary);
  // The mark is inherited by every process that we start, and by those that they start.
  const environment = {
    PERF_ANALYZE_CACHE: join(folder, 'cache'),
    TMPDIR: temporary,
    PERF_ANALYZE_TEST: folder,
  };

  const start = (...args: readonly string[]): CliProcess => {
    const env = { ...process.env, ...environment };
    const child = spawn(process.execPath, [command, ...args], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    return { child, ...follow(child) };
  };
  return {
    folder,
    path: (name) => join(folder, name),
    environment,
    start,
    run: (...args) => start(...args).result,
    leftovers: () => processesWith(`PERF_ANALYZE_TEST=${folder}`),
    temporaryFiles: () => readdirSync(temporary),
    [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

function follow(child: ChildProcess): Pick<CliProcess, 'result' | 'seen'> {
  let stdout = '';
  let stderr = '';
  const waiting = new Set<() => void>();
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    for (const look of waiting) look();
  });
  const result = new Promise<CliResult>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  const seen = (pattern: RegExp): Promise<RegExpMatchArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const match = stderr.match(pattern);
        if (match === null) return;
        waiting.delete(look);
        resolve(match);
      };
      waiting.add(look);
      look();
      void result.then(() => reject(new Error(`${pattern} was not seen in: ${stderr}`)));
    });
  return { result, seen };
}

function processesWith(variable: string): string[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
    .flatMap((pid) => {
      try {
        const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
        if (!environment.includes(variable)) return [];
        return [`${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')}`];
      } catch {
        return []; // it ended while we looked, or it is not ours to read
      }
    });
}

/** As `perf-analyze models --build models -m NAME`, without a process. */
export const buildModel = (place: Workplace, name: string): Promise<unknown> =>
  writeSampleModel(name, place.path('models'), { existing: 'keep' });

export interface RemoteServer {
  readonly server: CliProcess;
  /** Of HTTP. */
  readonly port: string;
  readonly grpcPort: string;
  /** `host:port`. */
  urlOf(protocol: 'http' | 'grpc'): string;
}

/** A server that runs already: `serve` with sample models, `simple` unless named, on free ports. */
export async function startRemoteServer(
  place: Workplace,
  models: readonly string[] = ['simple'],
): Promise<RemoteServer> {
  for (const model of models) await buildModel(place, model);
  return startServer(place);
}

/** `serve` with what is in the folder `models`, on free ports. */
export async function startServer(place: Workplace, ...flags: readonly string[]): Promise<RemoteServer> {
  const ports = ['--http-port', '0', '--grpc-port', '0', '--metrics-port', '0'];
  const server = place.start('serve', '--model-repository', 'models', ...ports, ...flags);
  const [, port = ''] = await server.seen(/http\S* .*?127\.0\.0\.1:(\d+)/i);
  const [, grpcPort = ''] = await server.seen(/gRPC\s+\S*127\.0\.0\.1:(\d+)/);
  return { server, port, grpcPort, urlOf: (protocol) => `127.0.0.1:${protocol === 'http' ? port : grpcPort}` };
}

/** Looks again and again, without a limit of its own (the test's time limit is the limit). */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}
