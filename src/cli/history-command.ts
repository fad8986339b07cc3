import type { Argv } from 'yargs';
import { judgeHistory } from '../../analyzer/history/judge-history.js';
import { formatCheck, formatHistory } from '../../reports/history.js';
import { type History, isFailing } from '../core/history.js';
import { PerfError } from '../core/perf-error.js';
import type { CommandContext } from './command-context.js';
import { exitCodes } from './exit-codes.js';
import { oneOf, parseInteger } from './flags/parse.js';
import { refuseRepeats } from './flags/refuse-repeats.js';
import { parsePercent, parseThreshold } from './flags/threshold.js';
import { addRun, readStore } from './history/store.js';
import { createRunReader } from './read-run.js';
import { checkDistinct, checkWritable, writeOutput } from './write-output.js';

const text = { type: 'string', requiresArg: true } as const;
const actions = ['add', 'show', 'check'] as const;

export const historyFlags = (yargs: Argv) =>
  yargs
    .positional('action', {
      type: 'string',
      demandOption: true,
      describe: 'add: keep runs; show: all figures; check: has anything got worse?',
    })
    .positional('runs', {
      type: 'string',
      array: true,
      default: [] as string[],
      describe: 'Of add: runs that --json wrote',
    })
    .option('store', {
      ...text,
      demandOption: true,
      describe: 'The folder of the history; add makes it',
      group: 'History:',
    })
    .option('label', { ...text, describe: 'Of add: what the run is of, such as a commit', group: 'History:' })
    .option('threshold', {
      ...text,
      array: true,
      default: [] as string[],
      defaultDescription: 'no figure may get worse',
      describe: 'How much worse a figure may get, such as perf_latency_p99=+5% (repeatable); others do not fail',
      group: 'History:',
    })
    .option('same-within', {
      ...text,
      default: '1%',
      describe: 'A shift by less than this is none',
      group: 'History:',
    })
    .option('recent', {
      ...text,
      default: '14',
      describe: 'check fails while the first bad run is among so many latest ones',
      group: 'History:',
    })
    .option('json', { ...text, describe: 'Write all series with their shifts as JSON', group: 'Reports:' })
    .option('html', { ...text, describe: 'Write the trends as one HTML file', group: 'Reports:' })
    .check(refuseRepeats(['runs', 'threshold']))
    .example('$0 history add run.json --store perf --label "$GITHUB_SHA"', 'Keep the run of this night')
    .example('$0 history check --store perf --html trend.html', 'Has anything got worse? Exit code 4 says so')
    .example('$0 history show --store perf', 'Every figure, with the last level and its trend');

interface HistoryFlags {
  readonly action: string;
  readonly runs: readonly string[];
  readonly store: string;
  readonly label: string | undefined;
  readonly threshold: readonly string[];
  readonly sameWithin: string;
  readonly recent: string;
  readonly json: string | undefined;
  readonly html: string | undefined;
}

/** Keeps runs, or judges those that were kept. Resolves with the exit code: 4 when a check finds a regression. */
export async function historyCommand(flags: HistoryFlags, context: CommandContext): Promise<number> {
  const action = oneOf('history', flags.action, actions);
  if (action === 'add') return add(flags, context);
  refuse(action, { runs: flags.runs[0], '--label': flags.label });
  const outputs = { '--json': flags.json, '--html': flags.html };
  checkDistinct(outputs);
  for (const [flag, file] of Object.entries(outputs)) if (file !== undefined) checkWritable(flag, file);
  const history = judge(flags, context);
  if (flags.json !== undefined) writeOutput('--json', flags.json, `${JSON.stringify(history, null, 2)}\n`);
  if (flags.html !== undefined) {
    const { formatTrends } = await import('../../reports/html/trend-page.js');
    writeOutput('--html', flags.html, formatTrends(history));
  }
  context.print(action === 'show' ? formatHistory(history) : formatCheck(history));
  const isFailed = history.groups.some(({ trends }) => trends.some(isFailing));
  return action === 'check' && isFailed ? exitCodes.gateFailed : exitCodes.done;
}

function add({ runs, store, label, json, html }: HistoryFlags, { print }: CommandContext): number {
  refuse('add', { '--json': json, '--html': html });
  if (runs.length === 0) throw new PerfError('usage', 'Cannot add to the history: expected runs, got none');
  const reader = createRunReader();
  for (const [file, run] of runs.map((name) => [name, reader.read(name)] as const)) {
    const entry = addRun(store, run, label);
    print(entry === undefined ? `${file} is in ${store} already.\n` : `${file} is kept as ${store}/${entry.file}.\n`);
  }
  return exitCodes.done;
}

function judge({ store, threshold, sameWithin, recent }: HistoryFlags, { progress }: CommandContext): History {
  const options = {
    thresholds: threshold.map((each) => parseThreshold('--threshold', each)),
    sameWithin: parsePercent('--same-within', sameWithin),
    recentRuns: parseInteger('--recent', recent, 1),
  };
  const { entries, remarks } = readStore(store);
  for (const remark of remarks) progress.say(remark);
  if (entries.length === 0) {
    throw new PerfError('file', `Cannot read --store ${store}: expected runs that history add kept, got none`);
  }
  return judgeHistory(entries, options);
}

/** What another action takes. */
function refuse(action: string, given: Readonly<Record<string, string | undefined>>): void {
  const [name, value] = Object.entries(given).find(([, each]) => each !== undefined) ?? [];
  if (name === undefined) return;
  throw new PerfError('usage', `Cannot use ${name} with history ${action}: expected none, got '${value}'`);
}
