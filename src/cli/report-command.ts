import type { Argv } from 'yargs';
import { formatSearch } from '../../reports/search.js';
import { PerfError } from '../core/perf-error.js';
import type { Run } from '../core/run.js';
import type { SearchResult } from '../core/search-result.js';
import type { CommandContext } from './command-context.js';
import { exitCodes } from './exit-codes.js';
import { refuseRepeats } from './flags/refuse-repeats.js';
import { filesByFlag, type ReportFiles, type ReportFlags, reportFiles, reportFlags } from './flags/report-flags.js';
import { createDocumentReader } from './read-run.js';
import { writeSearchPage } from './search/write-search-page.js';
import { checkDistinct, checkWritable } from './write-output.js';
import { checkReportFiles, checkRunCount, writeReports } from './write-reports.js';

export const reportCommandFlags = (yargs: Argv) =>
  yargs
    .positional('runs', {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'Runs, or one search, that --json wrote',
    })
    .options(reportFlags)
    .check(refuseRepeats(['runs']))
    .example('$0 report run.json', 'Show a stored run as it was shown when it was measured')
    .example('$0 report run.json --html report.html', 'Charts and tables in one file that needs nothing else')
    .example('$0 report search.json --html search.html', 'What a search measured, and why it chose')
    .example('$0 report monday.json tuesday.json --markdown week.md', 'Several runs in one document');

interface ReportCommandFlags extends ReportFlags {
  readonly runs: readonly string[];
}

/** Makes the reports of stored runs, or of a search, again. Resolves with the exit code. */
export async function reportCommand(argv: ReportCommandFlags, context: CommandContext): Promise<number> {
  const files = reportFiles(argv);
  checkDistinct(filesByFlag(files));
  checkRunCount(argv.runs.length, files);
  const reader = createDocumentReader();
  const documents = argv.runs.map((file) => reader.read(file));
  const runs = documents.filter((document): document is Run => document.format === 'perf-analyze/run');
  const [document] = documents;
  if (document?.format === 'perf-analyze/search' && documents.length === 1)
    return reportSearch(document, files, context);
  if (runs.length < documents.length) {
    throw new PerfError(
      'usage',
      `Cannot report ${argv.runs.join(' ')}: expected runs or one search, got both or several`,
    );
  }
  checkReportFiles(files);
  const refusal = await writeReports(runs, files, context);
  if (refusal !== undefined) throw refusal;
  return exitCodes.done;
}

/** A search has its text and its page. */
async function reportSearch(result: SearchResult, files: ReportFiles, { print }: CommandContext): Promise<number> {
  const { '--html': html, ...others } = filesByFlag(files);
  const [flag] = Object.entries(others).find(([, file]) => file !== undefined) ?? [];
  if (flag !== undefined)
    throw new PerfError('usage', `Cannot use ${flag} with a search: expected --html, got ${flag}`);
  if (html !== undefined) {
    checkWritable('--html', html);
    await writeSearchPage(html, result);
  }
  print(formatSearch(result));
  return exitCodes.done;
}
