import { inspect } from 'node:util';
import { messageOf, PerfError } from '../core/perf-error.js';
import type { CreateContext } from './command-context.js';
import { commandLine } from './command-line.js';
import { type ExitCode, exitCodeOf, exitCodes } from './exit-codes.js';
import { terminalText } from './progress/terminal-text.js';

/**
 * Runs a command line to its end and resolves with the exit code. The only place that catches what stops the program.
 *
 * @param tell gets the lines that say why it stopped
 */
export async function runCommandLine(
  args: readonly string[],
  createContext: CreateContext,
  tell: (line: string) => void,
): Promise<number> {
  try {
    return await commandLine(args, createContext);
  } catch (thrown) {
    const [code = exitCodes.bug] = stopsOf(thrown).map((stop) => explain(stop, tell));
    return code;
  }
}

/** What stopped the program, then what went wrong when it tidied up. */
function stopsOf(thrown: unknown): unknown[] {
  if (!(thrown instanceof Error) || thrown.name !== 'SuppressedError') return [thrown];
  const { suppressed, error } = thrown as Error & { readonly suppressed: unknown; readonly error: unknown };
  return [...stopsOf(suppressed), ...stopsOf(error)];
}

function explain(stop: unknown, tell: (line: string) => void): ExitCode {
  if (stop === 'interrupted') return exitCodes.interrupted;
  if (stop instanceof PerfError) {
    tell(terminalText(`perf-analyze: ${stop.message}`));
    if (stop.hint !== undefined) tell(terminalText(`  ${stop.hint}`));
    return exitCodeOf[stop.code];
  }
  tell(`perf-analyze: this is a bug of ours, please report it: ${messageOf(stop)}`);
  tell(inspect(stop));
  return exitCodes.bug;
}
