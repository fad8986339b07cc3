import type { History, HistoryEntry, HistoryGroup } from '../../src/core/history.js';
import type { Threshold } from '../compare/compare-runs.js';
import { allMetrics, type Metric, usualMetrics } from '../compare/metrics.js';
import { judgeTrend, type TrendOptions } from './judge-trend.js';

export interface HistoryOptions {
  /** Empty: no figure may get worse. */
  readonly thresholds: readonly Threshold[];
  /** A shift by less than this share is none. */
  readonly sameWithin: number;
  /** A regression fails while its first run is among so many latest ones. */
  readonly recentRuns: number;
}

/**
 * The chance that is shared by all figures of a check (Bonferroni). Calibrated by `npm run bench -- history`: with it at most one
 * of 300 nightly checks of runs of the same fails, since each has little that the one before had not.
 */
const falseAlarms = 0.001;

/** Groups runs that can be compared, and finds the shifts of every figure of every level. The order of entries does not count. */
export function judgeHistory(entries: readonly HistoryEntry[], options: HistoryOptions): History {
  const ordered = inOrder(entries);
  const groups = groupsOf(ordered);
  // What is measured no more, since a machine or a model changed, fails nothing for ever.
  const current = new Set<HistoryEntry | undefined>(ordered.slice(-options.recentRuns * groups.length));
  const metrics = metricsOf(options);
  const series = groups.map((group) => seriesOf(group, metrics));
  const significance = falseAlarms / Math.max(1, series.flat().length);
  return {
    format: 'perf-analyze/history',
    formatVersion: 1,
    recentRuns: options.recentRuns,
    groups: groups.map((group, index) => {
      const recentRuns = current.has(group.at(-1)) ? options.recentRuns : 0;
      return judgeGroup(group, series[index] ?? [], { ...options, recentRuns, significance });
    }),
  };
}

const metricsOf = ({ thresholds }: HistoryOptions): Metric[] =>
  allMetrics.filter(
    (metric) => usualMetrics.includes(metric) || thresholds.some((threshold) => threshold.metric === metric.name),
  );

/** As they were made, each once. */
function inOrder(entries: readonly HistoryEntry[]): HistoryEntry[] {
  const once = new Map(entries.map((entry) => [entry.digest, entry]));
  return [...once.values()].sort((left, right) => order(sortKey(left), sortKey(right)));
}

function groupsOf(ordered: readonly HistoryEntry[]): HistoryEntry[][] {
  const groups = new Map<string, HistoryEntry[]>();
  for (const entry of ordered) {
    const key = JSON.stringify(Object.entries(entry.traits).sort(([left], [right]) => order(left, right)));
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  return [...groups.values()];
}

const sortKey = ({ startedAt, digest }: HistoryEntry): string => `${new Date(startedAt).toISOString()} ${digest}`;
const order = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);

interface Series {
  readonly level: string;
  readonly metric: Metric;
}

/** Every figure that some run of the group has. */
function seriesOf(group: readonly HistoryEntry[], metrics: readonly Metric[]): Series[] {
  const levels = [...new Set(group.flatMap((entry) => entry.levels.map(({ name }) => name)))];
  return levels.flatMap((level) =>
    metrics
      .filter(({ name }) => group.some((entry) => figureOf(entry, level, name) !== undefined))
      .map((metric) => ({ level, metric })),
  );
}

const figureOf = ({ levels }: HistoryEntry, level: string, metric: string): number | undefined =>
  levels.find(({ name }) => name === level)?.figures[metric];

function judgeGroup(group: readonly HistoryEntry[], series: readonly Series[], options: TrendOptions): HistoryGroup {
  return {
    title: group.at(-1)?.title ?? '',
    traits: group[0]?.traits ?? {},
    runs: group.map(({ startedAt, label, file }) => ({ startedAt, ...(label === undefined ? {} : { label }), file })),
    trends: series.map(({ level, metric }) =>
      judgeTrend({ level, metric, figures: group.map((entry) => figureOf(entry, level, metric.name)) }, options),
    ),
  };
}
