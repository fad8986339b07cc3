import { Writable } from 'node:stream';
import type { WriteStream } from 'node:tty';
import type { CommandContext } from '../../src/cli/command-context.js';
import { commandLine } from '../../src/cli/command-line.js';
import { exitCodeOf } from '../../src/cli/exit-codes.js';
import { createProgress } from '../../src/cli/progress/create-progress.js';
import { runCommandLine } from '../../src/cli/run-command-line.js';
import { PerfError } from '../../src/core/perf-error.js';
import type { Workplace } from './cli.js';

interface Refusal {
  readonly code: number;
  readonly message: string;
  /** What was printed before. */
  readonly stdout: string;
}

/**
 * Runs a command line that is refused, in this process: a process of its own costs half a second of CPU. Paths have to be
 * absolute.
 *
 * @throws what is no refusal; an error when the command runs through
 */
export async function refusalOf(...args: readonly string[]): Promise<Refusal> {
  const { createContext, printed } = contextHere();
  try {
    await commandLine(args, createContext);
  } catch (thrown) {
    if (!(thrown instanceof PerfError)) throw thrown;
    return { code: exitCodeOf[thrown.code], message: thrown.message, stdout: printed().stdout };
  }
  throw new Error(`expected ${args.join(' ')} to be refused, got ${printed().stdout}`);
}

/** What a command ended with and wrote, as its process would. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line to its end in this process, for the same reason. */
export async function runHere(...args: readonly string[]): Promise<Ended> {
  const { createContext, tell, printed } = contextHere();
  const code = await runCommandLine(args, createContext, tell);
  return { code, ...printed() };
}

let turn: Promise<unknown> = Promise.resolve();

/**
 * The same as if it were started in the workplace. Commands take turns, since a process has one working folder; what must
 * be there meanwhile, such as a signal or a second command, needs `place.start`.
 */
export function runIn(place: Workplace, ...args: readonly string[]): Promise<Ended> {
  const own = turn.then(async () => {
    const folder = process.cwd();
    process.chdir(place.folder);
    const outer = swapEnvironment(place.environment);
    try {
      return await runHere(...args);
    } finally {
      swapEnvironment(outer);
      process.chdir(folder);
    }
  });
  turn = own.catch(() => undefined);
  return own;
}

/** Sets variables, or takes them away; what they were before. */
function swapEnvironment(wanted: Readonly<Record<string, string | undefined>>): Record<string, string | undefined> {
  const before = Object.fromEntries(Object.keys(wanted).map((name) => [name, process.env[name]]));
  for (const [name, value] of Object.entries(wanted)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  return before;
}

function contextHere() {
  const written = { stdout: '', stderr: '' };
  const stream = new Writable({
    write: (piece, _encoding, done) => {
      written.stderr += String(piece);
      done();
    },
  });
  const createContext = async (): Promise<CommandContext> => ({
    // In no terminal: nothing that a stream lacks is asked for.
    progress: await createProgress(stream as unknown as WriteStream),
    interrupt: { signal: new AbortController().signal, onAbandon: () => () => undefined },
    print: (text) => {
      written.stdout += text;
    },
  });
  const tell = (line: string): void => {
    stream.write(`${line}\n`);
  };
  return { createContext, tell, printed: () => ({ ...written }) };
}
