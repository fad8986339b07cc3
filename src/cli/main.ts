#!/usr/bin/env node
import { hideBin } from 'yargs/helpers';
import { messageOf, PerfError } from '../core/perf-error.js';
import { commandLine } from './command-line.js';
import { exitCodeOf, exitCodes } from './exit-codes.js';
import { processContext } from './process-context.js';

/** The only place that catches what stops the program, prints it, and turns it into an exit code. */
async function main(): Promise<number> {
  try {
    return await commandLine(hideBin(process.argv), processContext);
  } catch (thrown) {
    const [code = exitCodes.bug] = stopsOf(thrown).map(tell);
    return code;
  }
}

/** What stopped the program, then what went wrong when it tidied up. */
function stopsOf(thrown: unknown): unknown[] {
  if (!(thrown instanceof Error) || thrown.name !== 'SuppressedError') return [thrown];
  const { suppressed, error } = thrown as Error & { readonly suppressed: unknown; readonly error: unknown };
  return [...stopsOf(suppressed), ...stopsOf(error)];
}

function tell(stop: unknown): number {
  if (stop === 'interrupted') return exitCodes.interrupted;
  if (stop instanceof PerfError) {
    console.error(`perf-analyze: ${stop.message}`);
    if (stop.hint !== undefined) console.error(`  ${stop.hint}`);
    return exitCodeOf[stop.code];
  }
  console.error(`perf-analyze: this is a bug of ours, please report it: ${messageOf(stop)}`);
  console.error(stop instanceof Error ? stop.stack : stop);
  return exitCodes.bug;
}

// Whoever reads our lines may go away, as `head` does: that must not cost a measurement. A report that cannot be written
// for another reason, such as a full disk, is told and ends with an exit code of its own.
process.stderr.on('error', () => undefined);
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return;
  console.error(`perf-analyze: Cannot write the report to standard output: ${error.message}`);
  process.exitCode = exitCodes.usage;
});

process.exitCode = await main();
