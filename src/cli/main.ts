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
    if (thrown === 'interrupted') return exitCodes.interrupted;
    if (thrown instanceof PerfError) {
      console.error(`perf-analyze: ${thrown.message}`);
      if (thrown.hint !== undefined) console.error(`  ${thrown.hint}`);
      return exitCodeOf[thrown.code];
    }
    console.error(`perf-analyze: this is a bug of ours, please report it: ${messageOf(thrown)}`);
    console.error(thrown instanceof Error ? thrown.stack : thrown);
    return exitCodes.bug;
  }
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
