import type { ChildProcess } from 'node:child_process';
import type { Interrupt } from './interrupt.js';

export interface Supervision {
  readonly interrupt: Interrupt;
  /** Gets each line that the server prints on its standard error. */
  readonly onLine: (line: string) => void;
}

/** A server of ours while it runs. */
export interface SupervisedServer {
  /** Aborts, with `server-lost` as its reason, when the server ends by itself. */
  readonly lost: AbortSignal;
  /** How it ended, with its last line. */
  ending(): string;
  /** Asks it to end, and kills it and whatever it started when it takes too long. */
  stop(): Promise<void>;
}

const stopGraceMs = 5000;
const keptLines = 20;

/** Watches a server that leads a process group of its own, and ends it when the user gives up. */
export function superviseServer(child: ChildProcess, { interrupt, onLine }: Supervision): SupervisedServer {
  const release = interrupt.onAbandon(() => killGroup(child));
  const lines = collectLines(child, onLine);
  const lost = new AbortController();
  let isStopping = false;
  const ended = new Promise<void>((resolve) => {
    const end = (): void => {
      release();
      if (!isStopping) lost.abort('server-lost');
      resolve();
    };
    child.once('close', end);
    child.once('error', end);
  });
  return {
    lost: lost.signal,
    ending: () => endingOf(child, lines),
    stop: async () => {
      isStopping = true;
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      const timer = setTimeout(() => killGroup(child), stopGraceMs);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** The server and whatever it started itself: it leads a process group of its own. */
function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(process.platform === 'win32' ? child.pid : -child.pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}

function collectLines(child: ChildProcess, onLine: (line: string) => void): string[] {
  const lines: string[] = [];
  let rest = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) {
      lines.push(line);
      if (lines.length > keptLines) lines.shift();
      onLine(line);
    }
  });
  return lines;
}

function endingOf(child: ChildProcess, lines: readonly string[]): string {
  const how = child.signalCode === null ? `exit code ${child.exitCode}` : `signal ${child.signalCode}`;
  const last = lines.at(-1);
  return last === undefined ? how : `${how} (last line: ${last})`;
}
