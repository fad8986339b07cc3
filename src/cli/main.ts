#!/usr/bin/env node
import { hideBin } from 'yargs/helpers';
import { exitCodes } from './exit-codes.js';
import { processContext } from './process-context.js';
import { runCommandLine } from './run-command-line.js';

// Whoever reads our lines may go away, as `head` does: that must not cost a measurement. A report that cannot be written
// for another reason, such as a full disk, is told and ends with an exit code of its own.
process.stderr.on('error', () => undefined);
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return;
  console.error(`perf-analyze: Cannot write the report to standard output: ${error.message}`);
  process.exitCode = exitCodes.usage;
});

process.exitCode = await runCommandLine(hideBin(process.argv), processContext, console.error);
