import type { CommandContext } from '../../src/cli/command-context.js';
import { commandLine } from '../../src/cli/command-line.js';
import { exitCodeOf } from '../../src/cli/exit-codes.js';
import { createProgress } from '../../src/cli/progress/create-progress.js';
import { PerfError } from '../../src/core/perf-error.js';

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
  const { context, printed } = contextHere();
  try {
    await commandLine(args, () => context);
  } catch (thrown) {
    if (!(thrown instanceof PerfError)) throw thrown;
    return { code: exitCodeOf[thrown.code], message: thrown.message, stdout: printed() };
  }
  throw new Error(`expected ${args.join(' ')} to be refused, got ${printed()}`);
}

/** Runs a command line to its end in this process, for the same reason. */
export async function runHere(...args: readonly string[]): Promise<{ readonly code: number; readonly stdout: string }> {
  const { context, printed } = contextHere();
  const code = await commandLine(args, () => context);
  return { code, stdout: printed() };
}

function contextHere(): { readonly context: CommandContext; readonly printed: () => string } {
  let stdout = '';
  return {
    context: {
      progress: createProgress(process.stderr, 'none'),
      interrupt: { signal: new AbortController().signal, onAbandon: () => () => undefined },
      print: (text) => {
        stdout += text;
      },
    },
    printed: () => stdout,
  };
}
