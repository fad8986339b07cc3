import type { Argv } from 'yargs';
import { PerfError } from '../core/perf-error.js';
import type { Run } from '../core/run.js';
import type { CommandContext } from './command-context.js';
import { exitCodes } from './exit-codes.js';
import { refuseRepeats } from './flags/refuse-repeats.js';
import { filesByFlag, type ReportFiles, type ReportFlags, reportFiles, reportFlags } from './flags/report-flags.js';
import { createDocumentReader } from './read-run.js';
import { checkDocumentFiles, documentText, type OwnDocument, writeDocument } from './write-document.js';
import { checkDistinct } from './write-output.js';
import { checkReportFiles, checkRunCount, writeReports } from './write-reports.js';

export const reportCommandFlags = (yargs: Argv) =>
  yargs
    .positional('runs', {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'Runs, or one search or variants, that --json wrote',
    })
    .options(reportFlags)
    .check(refuseRepeats(['runs']))
    .example('$0 report run.json', 'Show a stored run as it was shown when it was measured')
    .example('$0 report run.json --html report.html', 'Charts and tables in one file that needs nothing else')
    .example('$0 report search.json --html search.html', 'What a search measured, and why it chose')
    .example('$0 report variants.json --html variants.html', 'What variants of a model buy and cost')
    .example('$0 report monday.json tuesday.json --markdown week.md', 'Several runs in one document');

interface ReportCommandFlags extends ReportFlags {
  readonly runs: readonly string[];
}

/** Makes the reports of stored runs, or of a search or variants, again. Resolves with the exit code. */
export async function reportCommand(argv: ReportCommandFlags, context: CommandContext): Promise<number> {
  const files = reportFiles(argv);
  checkDistinct(filesByFlag(files));
  checkRunCount(argv.runs.length, files);
  const reader = createDocumentReader('run', 'search', 'variants');
  const documents = argv.runs.map((file) => reader.read(file));
  const runs = documents.filter((document): document is Run => document.format === 'perf-analyze/run');
  const [document] = documents;
  if (documents.length === 1 && document !== undefined && document.format !== 'perf-analyze/run')
    return reportDocument(document, files, context);
  if (runs.length < documents.length) {
    throw new PerfError(
      'usage',
      `Cannot report ${argv.runs.join(' ')}: expected runs, or one search or variants, got several documents`,
    );
  }
  checkReportFiles(files);
  const refusal = await writeReports(runs, files, context);
  if (refusal !== undefined) throw refusal;
  return exitCodes.done;
}

/** What is no run has a text, a CSV, a document and a page. */
async function reportDocument(document: OwnDocument, files: ReportFiles, { print }: CommandContext): Promise<number> {
  const { '-f': csv, '--json': json, '--html': html, ...others } = filesByFlag(files);
  const foreign = { ...others, '--pushgateway': files.pushgateway, '--verbose-csv': files.isVerboseCsv || undefined };
  const [flag] = Object.entries(foreign).find(([, given]) => given !== undefined) ?? [];
  if (flag !== undefined) {
    const what = document.format === 'perf-analyze/search' ? 'a search' : 'variants';
    throw new PerfError('usage', `Cannot use ${flag} with ${what}: expected -f, --json or --html, got ${flag}`);
  }
  checkDocumentFiles({ csv, json, html });
  await writeDocument(document, { csv, json, html });
  print(documentText(document));
  return exitCodes.done;
}
