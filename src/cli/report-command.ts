import type { Argv } from 'yargs';
import type { CommandContext } from './command-context.js';
import { exitCodes } from './exit-codes.js';
import { refuseRepeats } from './flags/refuse-repeats.js';
import { filesByFlag, type ReportFlags, reportFiles, reportFlags } from './flags/report-flags.js';
import { createRunReader } from './read-run.js';
import { checkDistinct } from './write-output.js';
import { checkReportFiles, checkRunCount, writeReports } from './write-reports.js';

export const reportCommandFlags = (yargs: Argv) =>
  yargs
    .positional('runs', { type: 'string', array: true, demandOption: true, describe: 'Runs that --json wrote' })
    .options(reportFlags)
    .check(refuseRepeats(['runs']))
    .example('$0 report run.json', 'Show a stored run as it was shown when it was measured')
    .example('$0 report run.json --html report.html', 'Charts and tables in one file that needs nothing else')
    .example('$0 report monday.json tuesday.json --markdown week.md', 'Several runs in one document');

interface ReportCommandFlags extends ReportFlags {
  readonly runs: readonly string[];
}

/** Makes the reports of stored runs again. Resolves with the exit code. */
export async function reportCommand(argv: ReportCommandFlags, context: CommandContext): Promise<number> {
  const files = reportFiles(argv);
  checkDistinct(filesByFlag(files));
  checkRunCount(argv.runs.length, files);
  const reader = createRunReader();
  const runs = argv.runs.map((file) => reader.read(file));
  checkReportFiles(files);
  const refusal = await writeReports(runs, files, context);
  if (refusal !== undefined) throw refusal;
  return exitCodes.done;
}
