import { type Interval, relativeHalfWidth, type SteadinessVerdict, unsupported } from '../src/core/certainty.js';
import type { Level, Run } from '../src/core/run.js';
import type { Column, Table } from './column.js';
import { levelColumn as levelOf, throughputForm } from './level-tables.js';
import { formatTable, type TextColumn } from './table.js';

/** How sure the figures are, level by level; nothing for a stored run that does not say. */
export function formatCertainty(run: Run, levelColumn: TextColumn<Level>): string[] {
  const levels = run.levels.filter(({ certainty }) => certainty !== undefined);
  if (levels.length === 0) return [];
  const columns: TextColumn<Level>[] = [
    levelColumn,
    { title: 'infer/s', value: ({ certainty }) => halfWidth(certainty?.throughput), align: 'right' },
    { title: 'mean', value: ({ certainty }) => halfWidth(certainty?.meanMs), align: 'right' },
    ...shownPercents(run).map(
      (percent): TextColumn<Level> => ({ title: `p${percent}`, value: (level) => percentileText(level, percent) }),
    ),
    { title: 'steady', value: ({ certainty }) => certainty && steadyTexts[certainty.steadiness.verdict] },
  ];
  const title = 'Intervals at 95 % (ms); needs N: a percentile is blank with fewer requests';
  return [`${title}\n${formatTable(columns, levels)}`];
}

/** The same with both bounds of every interval, for a page; absent for a stored run that does not say. */
export function certaintyTable(run: Run): Table<Level> | undefined {
  const rows = run.levels.filter(({ certainty }) => certainty !== undefined);
  if (rows.length === 0) return undefined;
  return {
    key: 'intervals',
    title: 'Intervals at 95 %; a percentile that needs more requests is left out everywhere',
    columns: [
      levelOf(run),
      ...bounds(throughputForm, ({ certainty }) => certainty?.throughput),
      ...bounds(msForm('mean', 'mean'), ({ certainty }) => certainty?.meanMs),
      ...shownPercents(run).flatMap((percent) => percentileBounds(percent)),
      {
        ...{ key: 'steady', title: 'steady', name: 'steady', unit: '' },
        value: ({ certainty }) => certainty && steadyTexts[certainty.steadiness.verdict],
      },
    ],
    rows,
  };
}

type Form = Omit<Column<Level>, 'value'>;

const msForm = (key: string, name: string): Form => ({ key, title: name, name, unit: 'ms', digits: 3, significant: 4 });

const bounds = (form: Form, pick: (level: Level) => Interval | undefined): Column<Level>[] =>
  (['low', 'high'] as const).map((side) => ({
    ...form,
    key: `${form.key}_${side}`,
    name: `${form.name} ${side === 'low' ? 'from' : 'to'}`,
    value: (level) => pick(level)?.[side],
  }));

/** What a percentile needs stands in the place of its lower bound. */
function percentileBounds(percent: number): Column<Level>[] {
  const [low, high] = bounds(msForm(`p${percent}`, `p${percent}`), ({ certainty }) => {
    const found = certainty?.percentiles[String(percent)];
    return found?.isSupported ? found.intervalMs : undefined;
  });
  if (low === undefined || high === undefined) return [];
  const neededOr = (level: Level): number | string | undefined => {
    const needed = unsupported(level.certainty, percent);
    return needed === undefined ? low.value(level) : `needs ${needed.needsRequests}`;
  };
  return [{ ...low, value: neededOr }, high];
}

/** The usual percentiles, and the one that the run was judged by. */
function shownPercents({ settings }: Run): number[] {
  const { percentile } = settings.measurement;
  const percents = new Set([50, 95, 99, ...(percentile === undefined ? [] : [percentile])]);
  return [...percents].sort((left, right) => left - right);
}

const halfWidth = (interval: Interval | undefined): string | undefined =>
  interval && `± ${(100 * relativeHalfWidth(interval)).toFixed(1)} %`;

const steadyTexts: Readonly<Record<SteadinessVerdict['verdict'], string>> = {
  steady: 'yes',
  'not-steady': 'no',
  undecided: 'unsure',
};

function percentileText({ certainty }: Level, percent: number): string | undefined {
  const needed = unsupported(certainty, percent);
  if (needed !== undefined) return `needs ${needed.needsRequests}`;
  const found = certainty?.percentiles[String(percent)];
  return found?.isSupported && found.intervalMs !== undefined ? rangeText(found.intervalMs) : undefined;
}

const rangeText = ({ low, high }: Interval): string => `${fourDigits(low)}-${fourDigits(high)}`;

const fourDigits = (value: number): string =>
  value.toFixed(Math.max(0, Math.min(3, 3 - Math.floor(Math.log10(value)))));
