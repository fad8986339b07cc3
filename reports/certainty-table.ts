import { type Interval, relativeHalfWidth, type SteadinessVerdict, unsupported } from '../src/core/certainty.js';
import type { Level, Run } from '../src/core/run.js';
import { formatTable, type TextColumn } from './table.js';

/** How sure the figures are, level by level; nothing for a stored run that does not say. */
export function formatCertainty(run: Run, levelColumn: TextColumn<Level>): string[] {
  const levels = run.levels.filter(({ certainty }) => certainty !== undefined);
  if (levels.length === 0) return [];
  const { percentile } = run.settings.measurement;
  const percents = [...new Set([50, 95, 99, ...(percentile === undefined ? [] : [percentile])])];
  const columns: TextColumn<Level>[] = [
    levelColumn,
    { title: 'infer/s', value: ({ certainty }) => halfWidth(certainty?.throughput), align: 'right' },
    { title: 'mean', value: ({ certainty }) => halfWidth(certainty?.meanMs), align: 'right' },
    ...percents
      .sort((left, right) => left - right)
      .map(
        (percent): TextColumn<Level> => ({ title: `p${percent}`, value: (level) => percentileText(level, percent) }),
      ),
    { title: 'steady', value: ({ certainty }) => certainty && steadyTexts[certainty.steadiness.verdict] },
  ];
  const title = 'Intervals at 95 % (ms); needs N: a percentile is blank with fewer requests';
  return [`${title}\n${formatTable(columns, levels)}`];
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
