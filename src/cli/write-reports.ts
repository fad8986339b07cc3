import { basename, dirname, join } from 'node:path';
import { composingCsvs } from '../../reports/composing.js';
import { formatCsv } from '../../reports/csv.js';
import { hgrmFiles } from '../../reports/hgrm.js';
import { formatJson } from '../../reports/json.js';
import { formatJunit } from '../../reports/junit.js';
import { formatMarkdown } from '../../reports/markdown.js';
import { formatOpenMetrics } from '../../reports/openmetrics.js';
import { formatText } from '../../reports/text.js';
import { PerfError } from '../core/perf-error.js';
import type { Run } from '../core/run.js';
import type { CommandContext } from './command-context.js';
import { composingCsvPath } from './composing-csv-path.js';
import { filesByFlag, type ReportFiles } from './flags/report-flags.js';
import { pushMetrics } from './push-metrics.js';
import { checkWritable, writeOutput } from './write-output.js';

/**
 * Checks before anything is measured that each report can be written later.
 *
 * @throws PerfError `file`
 */
export function checkReportFiles(files: ReportFiles): void {
  for (const [flag, file] of Object.entries(filesByFlag(files))) if (file !== undefined) checkWritable(flag, file);
}

/**
 * Writes every report that was asked for, and prints the one for the terminal. One that cannot be written does not cost the
 * others; the first such reason is returned.
 */
export async function writeReports(
  runs: readonly Run[],
  files: ReportFiles,
  { print }: Pick<CommandContext, 'print'>,
): Promise<unknown> {
  const outputs: readonly Output[] = [
    ...ofOneRun(runs).flatMap((run) => runOutputs(run, files)),
    {
      flag: '--html',
      file: files.html,
      text: async () => (await import('../../reports/html/run-page.js')).formatHtml(runs),
    },
    { flag: '--markdown', file: files.markdown, text: () => formatMarkdown(runs) },
    { flag: '--junit', file: files.junit, text: () => formatJunit(runs) },
    { flag: '--openmetrics', file: files.openmetrics, text: () => formatOpenMetrics(runs) },
  ];
  const refusals: unknown[] = [];
  for (const { flag, file, text } of outputs) {
    if (file === undefined) continue;
    try {
      writeOutput(flag, file, await text());
    } catch (thrown) {
      refusals.push(thrown);
    }
  }
  if (files.pushgateway !== undefined) {
    await pushMetrics(files.pushgateway, formatOpenMetrics(runs)).catch((thrown: unknown) => refusals.push(thrown));
  }
  print(runs.map(formatText).join('\n'));
  return refusals[0];
}

interface Output {
  readonly flag: string;
  readonly file: string | undefined;
  readonly text: () => string | Promise<string>;
}

const ofOneRun = (runs: readonly Run[]): readonly Run[] => (runs.length === 1 ? runs : []);

function runOutputs(run: Run, { csv, isVerboseCsv, json, hgrm }: ReportFiles): Output[] {
  return [
    { flag: '-f', file: csv, text: () => formatCsv(run, { isVerbose: isVerboseCsv }) },
    ...(csv === undefined
      ? []
      : composingCsvs(run).map(({ text, ...model }) => ({
          flag: '-f',
          file: composingCsvPath(csv, model),
          text: () => text,
        }))),
    { flag: '--json', file: json, text: () => formatJson(run) },
    ...(hgrm === undefined
      ? []
      : hgrmFiles(run).map(({ name, text }) => ({ flag: '--hgrm', file: hgrmPath(hgrm, name), text: () => text }))),
  ];
}

/** Where the distribution of a level goes: `<level>.<file>` in the folder of `--hgrm`. */
const hgrmPath = (hgrm: string, name: string): string => join(dirname(hgrm), `${name}.${basename(hgrm)}`);

/**
 * Checks that no format is asked for which holds one run only.
 *
 * @throws PerfError `usage`
 */
export function checkRunCount(count: number, { csv, json, hgrm }: ReportFiles): void {
  if (count === 1) return;
  for (const [flag, file] of Object.entries({ '-f': csv, '--json': json, '--hgrm': hgrm })) {
    if (file !== undefined)
      throw new PerfError('usage', `Cannot write ${flag} ${file}: expected one run, got ${count}`);
  }
}
