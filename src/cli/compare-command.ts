import type { Argv } from 'yargs';
import { compareRuns, isReplicated, usualFalseAlarms, usualRunNoise } from '../../analyzer/compare/compare-runs.js';
import { differencesOf } from '../../analyzer/compare/differences.js';
import { comparisonJunit, comparisonMarkdown, formatComparison } from '../../reports/comparison.js';
import { describeModels } from '../../reports/describe-run.js';
import type { Comparison } from '../core/comparison.js';
import { PerfError } from '../core/perf-error.js';
import type { CommandContext } from './command-context.js';
import { exitCodes } from './exit-codes.js';
import { refuseRepeats } from './flags/refuse-repeats.js';
import { parsePercent, parseShare, parseThreshold } from './flags/threshold.js';
import { createRunReader } from './read-run.js';
import { checkDistinct, checkWritable, writeOutput } from './write-output.js';

const text = { type: 'string', requiresArg: true } as const;

export const compareFlags = (yargs: Argv) =>
  yargs
    .positional('runs', {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'The run to compare with, then new ones',
    })
    .option('base', {
      ...text,
      array: true,
      default: [] as string[],
      describe: 'Another run to compare with (repeatable)',
      group: 'Comparison:',
    })
    .option('threshold', {
      ...text,
      array: true,
      default: [] as string[],
      defaultDescription: 'nothing may get worse beyond the noise',
      describe: 'How much worse a figure may get, such as perf_latency_p99=+5% or perf_throughput=-5% (repeatable)',
      group: 'Comparison:',
    })
    .option('same-within', {
      ...text,
      default: '5%',
      describe: 'A change that is surely smaller than this is none',
      group: 'Comparison:',
    })
    .option('run-noise', {
      ...text,
      default: `${100 * usualRunNoise}%`,
      describe:
        'How far single runs of the same lie from one another (standard deviation); several runs on both sides show it',
      group: 'Comparison:',
    })
    .option('allow-differences', {
      type: 'boolean',
      default: false,
      describe: 'Compare different models, loads or machines all the same',
      group: 'Comparison:',
    })
    .option('markdown', { ...text, describe: 'Write the comparison as Markdown', group: 'Reports:' })
    .option('junit', { ...text, describe: 'Write a test a figure as JUnit XML', group: 'Reports:' })
    .option('html', { ...text, describe: 'Write the comparison as one HTML file', group: 'Reports:' })
    .check(refuseRepeats(['runs', 'base', 'threshold']))
    .example('$0 compare base.json new.json', 'Is the new run worse? Exit code 4 says so')
    .example(
      '$0 compare mon.json wed.json thu.json --base tue.json',
      'Two runs against two: noise from run to run counts',
    )
    .example(
      '$0 compare base.json new.json --threshold perf_latency_p99=+5%',
      'Only a p99 that rose by more than 5 % fails',
    );

interface CompareFlags {
  readonly runs: readonly string[];
  readonly base: readonly string[];
  readonly threshold: readonly string[];
  readonly sameWithin: string;
  readonly runNoise: string;
  readonly allowDifferences: boolean;
  readonly markdown: string | undefined;
  readonly junit: string | undefined;
  readonly html: string | undefined;
}

/** Compares stored runs. Resolves with the exit code: 4 when something got worse, or is missing. */
export async function compareCommand(flags: CompareFlags, { print }: CommandContext): Promise<number> {
  const outputs = { '--markdown': flags.markdown, '--junit': flags.junit, '--html': flags.html };
  checkDistinct(outputs);
  const comparison = compare(flags);
  for (const [flag, file] of Object.entries(outputs)) if (file !== undefined) checkWritable(flag, file);
  print(formatComparison(comparison));
  if (flags.markdown !== undefined) writeOutput('--markdown', flags.markdown, comparisonMarkdown(comparison));
  if (flags.junit !== undefined) writeOutput('--junit', flags.junit, comparisonJunit(comparison));
  if (flags.html !== undefined) {
    const { formatComparisonHtml } = await import('../../reports/html/comparison-page.js');
    writeOutput('--html', flags.html, formatComparisonHtml(comparison));
  }
  const isFailed = comparison.changes.length === 0 || comparison.changes.some(({ isRegression }) => isRegression);
  return isFailed ? exitCodes.gateFailed : exitCodes.done;
}

function compare({ runs, base, threshold, sameWithin, runNoise, allowDifferences }: CompareFlags): Comparison {
  const [first = '', ...nextFiles] = runs;
  if (nextFiles.length === 0) throw new PerfError('usage', `Cannot compare ${first}: expected a second run, got none`);
  const limits = {
    thresholds: threshold.map((each) => parseThreshold('--threshold', each)),
    sameWithin: parsePercent('--same-within', sameWithin),
    runNoise: parseShare('--run-noise', runNoise),
  };
  const reader = createRunReader();
  const baseFiles = [first, ...base];
  const baseRuns = baseFiles.map((file) => reader.read(file));
  const nextRuns = nextFiles.map((file) => reader.read(file));
  const differences = differencesOf([...baseRuns, ...nextRuns]);
  if (differences.length > 0 && !allowDifferences) {
    throw new PerfError(
      'usage',
      `Cannot compare: expected runs of the same, got other ${differences.join('; other ')}`,
      {
        hint: 'With --allow-differences they are compared all the same.',
      },
    );
  }
  const falseAlarms = usualFalseAlarms(baseRuns, nextRuns);
  return {
    base: baseFiles,
    next: nextFiles,
    title: [...new Set(baseRuns.map(describeModels))].join(', '),
    replication: isReplicated(baseRuns, nextRuns) ? 'runs' : 'windows',
    runNoisePercent: 100 * limits.runNoise,
    confidencePercent: 100 * (1 - falseAlarms),
    differences,
    changes: compareRuns(baseRuns, nextRuns, { ...limits, falseAlarms }),
  };
}
