import {
  type History,
  type HistoryGroup,
  type HistoryRun,
  isFailing,
  type Shift,
  type Trend,
} from '../src/core/history.js';
import type { Column } from './column.js';
import { formatTable } from './table.js';

/** A figure with the runs that it is of. */
export interface TrendRow {
  readonly group: HistoryGroup;
  readonly trend: Trend;
}

export interface ShiftRow extends TrendRow {
  readonly shift: Shift;
}

export const trendRows = (groups: readonly HistoryGroup[]): TrendRow[] =>
  groups.flatMap((group) => group.trends.map((trend) => ({ group, trend })));

/** The latest first. */
export const shiftRows = (groups: readonly HistoryGroup[]): ShiftRow[] =>
  trendRows(groups)
    .flatMap((row) => row.trend.shifts.map((shift) => ({ ...row, shift })))
    .sort((left, right) => startOf(right).localeCompare(startOf(left)));

const startOf = ({ group, shift }: ShiftRow): string => group.runs[shift.run]?.startedAt ?? '';

/** When it was made, and what it is of. */
export const runName = (run: HistoryRun | undefined): string =>
  run === undefined
    ? ''
    : `${run.startedAt.slice(0, 16).replace('T', ' ')}${run.label === undefined ? '' : ` ${run.label.replace(/\s+/g, ' ')}`}`;

const latestOf = ({ stretches }: Trend): number | undefined => stretches.at(-1)?.mean;

/** What a row is about. */
const figureColumns: readonly Column<TrendRow>[] = [
  { key: 'level', title: 'level', name: 'level', unit: '', value: ({ trend }) => trend.level, align: 'left' },
  { key: 'metric', title: 'metric', name: 'metric', unit: '', value: ({ trend }) => trend.metric, align: 'left' },
];

const unitColumn: Column<TrendRow> = {
  key: 'of',
  title: 'unit',
  name: 'unit',
  unit: '',
  value: ({ trend }) => trend.unit,
  align: 'left',
};

export const trendColumns: readonly Column<TrendRow>[] = [
  ...figureColumns,
  { key: 'runs', title: 'runs', name: 'runs', unit: '', value: ({ trend }) => trend.points.length },
  {
    key: 'latest',
    title: 'now',
    name: 'level now',
    unit: '',
    value: ({ trend }) => latestOf(trend),
    digits: 3,
    significant: 5,
  },
  unitColumn,
  {
    key: 'trend',
    title: 'trend',
    name: 'latest runs',
    unit: '',
    value: ({ trend }) => sparkline(trend),
    align: 'left',
  },
  { key: 'state', title: 'state', name: 'state', unit: '', value: ({ trend }) => stateOf(trend), align: 'left' },
];

function stateOf({ needsRuns, isMissing, shifts }: Trend): string {
  if (isMissing) return 'missing in the latest run';
  if (needsRuns !== undefined) return `needs ${needsRuns} more runs`;
  if (shifts.some(({ isRegression }) => isRegression)) return 'regression';
  return shifts.length === 0 ? 'steady' : `${shifts.length} ${shifts.length === 1 ? 'shift' : 'shifts'}`;
}

const bars = '▁▂▃▄▅▆▇█';
const sparkRuns = 24;

/** The latest values from the smallest to the largest of them, without outliers. */
function sparkline({ points }: Trend): string {
  const values = points.filter(({ isOutlier }) => !isOutlier).map(({ value }) => value);
  const latest = values.slice(-sparkRuns);
  const [low, high] = [Math.min(...latest), Math.max(...latest)];
  const step = (value: number): number =>
    high > low ? Math.round(((bars.length - 1) * (value - low)) / (high - low)) : 3;
  return latest.map((value) => bars[step(value)]).join('');
}

const changePercent = ({ before, after }: Shift): number => 100 * (after / before - 1);

export const shiftColumns: readonly Column<ShiftRow>[] = [
  {
    key: 'run',
    title: 'first run',
    name: 'first run of the new level',
    unit: '',
    value: ({ group, shift }) => runName(group.runs[shift.run]),
    align: 'left',
  },
  ...figureColumns,
  {
    key: 'before',
    title: 'before',
    name: 'before',
    unit: '',
    value: ({ shift }) => shift.before,
    digits: 3,
    significant: 5,
  },
  {
    key: 'after',
    title: 'after',
    name: 'after',
    unit: '',
    value: ({ shift }) => shift.after,
    digits: 3,
    significant: 5,
  },
  unitColumn,
  {
    key: 'change',
    title: 'change %',
    name: 'change',
    unit: '%',
    value: ({ shift }) => changePercent(shift),
    digits: 2,
  },
  {
    key: 'verdict',
    title: 'verdict',
    name: 'verdict',
    unit: '',
    value: ({ shift }) => verdictOf(shift),
    align: 'left',
  },
];

const verdictOf = ({ kind, isRegression }: Shift): string => (isRegression ? `${kind} (regression)` : kind);

/** The conclusion, in one line. */
export function historyHeadline({ groups }: History): string {
  const rows = trendRows(groups);
  const failing = rows.filter(({ trend }) => isFailing(trend));
  if (failing.length > 0) return `Regression: ${failing.length} of ${rows.length} figures${firstBad(failing)}`;
  const young = rows.filter(({ trend }) => trend.needsRuns !== undefined);
  if (rows.length === 0) return 'Nothing to judge: no run has a valid level';
  if (young.length > 0) return `No regression was found: ${young.length} of ${rows.length} figures need more runs`;
  return `No regression: ${rows.length} figures`;
}

function firstBad(failing: readonly TrendRow[]): string {
  const regressions = shiftRows(failing.map(({ group, trend }) => ({ ...group, trends: [trend] }))).filter(
    ({ shift }) => shift.isRegression,
  );
  const first = regressions.at(-1);
  return first === undefined
    ? ', missing in the latest run'
    : `, first bad run ${runName(first.group.runs[first.shift.run])}`;
}

/** What is worth a look beside the tables: what fails, and how to see why; one sentence each. */
export function historyRemarks({ groups, recentRuns }: History): string[] {
  const rows = trendRows(groups);
  const missing = rows.filter(({ trend }) => trend.isMissing);
  const bad = shiftRows(groups).filter(({ shift }) => shift.isRegression);
  const pairs = bad.map(({ group, shift }) => `${group.runs[shift.lastBefore]?.file} ${group.runs[shift.run]?.file}`);
  const outliers = rows.reduce((sum, { trend }) => sum + trend.points.filter(({ isOutlier }) => isOutlier).length, 0);
  return [
    ...missing.map(({ trend }) => `${trend.level}, ${trend.metric}: missing in the latest run.`),
    ...[...new Set(pairs)].map((pair) => `Look closer, in the folder of the store: perf-analyze compare ${pair}`),
    ...(outliers === 0 ? [] : [`${outliers} single outliers count nowhere.`]),
    `A regression fails the check while its first run is among the latest ${recentRuns}.`,
  ];
}

/** What a check says. */
export function formatCheck(history: History): string {
  const shifts = shiftRows(history.groups);
  return text([
    ...history.groups.map(describeGroup),
    ...(shifts.length === 0 ? [] : [formatTable(shiftColumns, shifts)]),
    historyRemarks(history).join('\n'),
    historyHeadline(history),
  ]);
}

/** Every figure, group by group. */
export const formatHistory = (history: History): string =>
  text(history.groups.flatMap((group) => [describeGroup(group), formatTable(trendColumns, trendRows([group]))]));

const text = (blocks: readonly string[]): string => `${blocks.join('\n\n')}\n`;

export const describeGroup = ({ title, traits, runs }: HistoryGroup): string =>
  [
    `${title}, batch ${traits['batch size']}, over ${traits['protocol']}, on ${traits['processor']}`,
    `${runs.length} ${runs.length === 1 ? 'run' : 'runs'}, ${runName(runs[0])} to ${runName(runs.at(-1))}`,
  ].join('\n');
