import type { Change, Comparison } from '../src/core/comparison.js';
import type { Column } from './column.js';
import { junitDocument } from './junit.js';
import { markdownTable, markdownText } from './markdown.js';
import { formatTable } from './table.js';

const percent = (ratio: number | undefined): number | undefined =>
  ratio === undefined ? undefined : 100 * (ratio - 1);

/** What every format shows of a comparison. */
export const changeColumns: readonly Column<Change>[] = [
  { key: 'level', title: 'level', name: 'level', unit: '', value: ({ level }) => level, align: 'left' },
  { key: 'metric', title: 'metric', name: 'metric', unit: '', value: ({ metric }) => metric, align: 'left' },
  { key: 'base', title: 'base', name: 'base', unit: '', value: ({ base }) => base, digits: 3, significant: 5 },
  { key: 'new', title: 'new', name: 'new', unit: '', value: ({ next }) => next, digits: 3, significant: 5 },
  { key: 'of', title: 'unit', name: 'unit', unit: '', value: ({ unit }) => unit, align: 'left' },
  { key: 'change', title: 'change %', name: 'change', unit: '%', value: ({ ratio }) => percent(ratio), digits: 2 },
  { key: 'low', title: 'from', name: 'from', unit: '%', value: ({ interval }) => percent(interval?.low), digits: 2 },
  { key: 'high', title: 'to', name: 'to', unit: '%', value: ({ interval }) => upTo(interval?.high), digits: 2 },
  { key: 'verdict', title: 'verdict', name: 'verdict', unit: '', value: verdictOf, align: 'left' },
];

/** Beyond ten times as much nobody needs digits, of which an interval of next to no degrees of freedom has many. */
const upTo = (ratio: number | undefined): number | string | undefined =>
  ratio !== undefined && ratio > 11 ? '> 1000' : percent(ratio);

function verdictOf({ kind, isRegression }: Change): string {
  return isRegression ? `${kind} (regression)` : kind;
}

/** The conclusion, in one line. */
export function compareHeadline({ changes }: Pick<Comparison, 'changes'>): string {
  const regressions = changes.filter(({ isRegression }) => isRegression).length;
  if (regressions > 0) return `Regression: ${regressions} of ${changes.length} figures`;
  const counts = (['better', 'worse', 'same', 'undecided', 'missing'] as const).flatMap((kind) => {
    const count = changes.filter((change) => change.kind === kind).length;
    return count === 0 ? [] : [`${count} ${kind}`];
  });
  if (changes.length === 0) return 'Nothing to compare';
  return `${isSure(changes) ? 'No regression' : 'No regression was found'}: ${counts.join(', ')}`;
}

/** Whether every figure could be judged. */
export const isSure = (changes: readonly Change[]): boolean =>
  changes.length > 0 && changes.every(({ kind }) => kind !== 'undecided' && kind !== 'missing');

/** What was compared, and how sure the intervals are; one line each. */
export function describeComparison({
  base,
  next,
  replication,
  runNoisePercent,
  confidencePercent,
  differences,
}: Comparison): string[] {
  const noise =
    replication === 'runs'
      ? 'runs'
      : `the windows within each run, by a block bootstrap, and from run to run ${runNoisePercent} % (--run-noise, standard deviation)`;
  return [
    `base: ${base.join(', ')}`,
    `new: ${next.join(', ')}`,
    `noise: from ${noise}; all intervals hold together at ${confidencePercent} %`,
    ...differences.map((difference) => `differs: ${difference}`),
  ];
}

export const formatComparison = (comparison: Comparison): string =>
  `${[
    [comparison.title, ...describeComparison(comparison)].join('\n'),
    formatTable(changeColumns, comparison.changes),
    compareHeadline(comparison),
  ].join('\n\n')}\n`;

export const comparisonMarkdown = (comparison: Comparison): string =>
  `${[
    `## ${markdownText(comparison.title)}`,
    `**${markdownText(compareHeadline(comparison))}**`,
    markdownTable({ columns: changeColumns, rows: comparison.changes }),
    describeComparison(comparison)
      .map((line) => `- ${markdownText(line)}`)
      .join('\n'),
  ].join('\n\n')}\n`;

/** A test for each figure, which fails when it is a regression. */
export const comparisonJunit = ({ title, changes }: Comparison): string =>
  junitDocument([
    {
      name: title,
      cases: changes.map((change) => ({
        name: change.metric,
        className: change.level,
        ...(change.isRegression ? { failure: [changeText(change)] } : { notes: [changeText(change)] }),
      })),
    },
  ]);

/** One sentence. */
export function changeText({ level, metric, base, next, unit, ratio, interval, kind }: Change): string {
  const figures = [base, next].map((value) => (value === undefined ? 'none' : Number(value.toPrecision(4))));
  const change = ratio === undefined ? '' : `, ${signed(ratio)} %`;
  const range =
    interval === undefined
      ? ''
      : ` (${signed(interval.low)} to ${interval.high > 11 ? '> 1000' : signed(interval.high)} %)`;
  return `${level}, ${metric}: ${kind}, ${figures.join(' to ')} ${unit}${change}${range}.`;
}

const signed = (ratio: number): string => `${ratio < 1 ? '' : '+'}${(100 * (ratio - 1)).toFixed(2)}`;
