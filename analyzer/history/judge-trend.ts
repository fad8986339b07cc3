import type { Shift, Trend, TrendStretch } from '../../src/core/history.js';
import type { Metric } from '../compare/metrics.js';
import { meanOf } from '../statistics/autocorrelation.js';
import { changePoints } from '../statistics/change-points.js';
import { loneOutliers } from '../statistics/lone-outliers.js';
import type { HistoryOptions } from './judge-history.js';

export interface TrendOptions extends HistoryOptions {
  /** The largest p-value of a shift. */
  readonly significance: number;
}

interface FigureSeries {
  readonly level: string;
  readonly metric: Metric;
  /** Of each run; positive. */
  readonly figures: readonly (number | undefined)[];
}

/** With fewer values than this nothing is said: their noise is not known. */
const fewestValues = 10;

interface Placed {
  readonly run: number;
  readonly value: number;
}

/** Finds where one figure shifted. Levels are told apart by their logarithms, since noise and changes are shares of a figure. */
export function judgeTrend({ level, metric, figures }: FigureSeries, options: TrendOptions): Trend {
  const placed = figures.flatMap((value, run) => (value === undefined ? [] : [{ run, value }]));
  const outliers = loneOutliers(logarithms(placed));
  const usual = placed.filter((_, index) => !outliers.has(index));
  const points = usual.length < fewestValues ? [] : changePoints(logarithms(usual), options.significance);
  const large = points.filter(({ index }, place) =>
    isLarge(usual, [points[place - 1]?.index ?? 0, index, points[place + 1]?.index ?? usual.length], options),
  );
  const stretches = stretchesOf(usual, [0, ...large.map(({ index }) => index), usual.length]);
  const latest = figures.length - Math.min(figures.length, options.recentRuns);
  const needsRuns = fewestValues - usual.length;
  return {
    level,
    metric: metric.name,
    unit: metric.unit,
    points: placed.map((point, index) => ({ ...point, isOutlier: outliers.has(index) })),
    stretches,
    shifts: large.map(({ pValue }, place) =>
      shiftOf({ stretches, place, pValue }, { ...options, metric, runCount: figures.length }),
    ),
    ...(needsRuns > 0 ? { needsRuns } : {}),
    isMissing: figures.at(-1) === undefined && figures.slice(latest).some((figure) => figure !== undefined),
  };
}

const logarithms = (placed: readonly Placed[]): number[] => placed.map(({ value }) => Math.log(value));

const geometricMean = (placed: readonly Placed[]): number => Math.exp(meanOf(logarithms(placed)));

function isLarge(
  usual: readonly Placed[],
  [from, at, to]: readonly [number, number, number],
  { sameWithin }: HistoryOptions,
): boolean {
  const ratio = geometricMean(usual.slice(at, to)) / geometricMean(usual.slice(from, at));
  return Math.abs(ratio - 1) >= sameWithin;
}

/** @param ends the places at which stretches begin, and the end of the last one */
function stretchesOf(usual: readonly Placed[], ends: readonly number[]): TrendStretch[] {
  return ends.slice(1).flatMap((end, index) => {
    const members = usual.slice(ends[index], end);
    const [first, last] = [members[0], members.at(-1)];
    return first === undefined || last === undefined
      ? []
      : [{ from: first.run, to: last.run, mean: geometricMean(members) }];
  });
}

interface FoundShift {
  readonly stretches: readonly TrendStretch[];
  readonly place: number;
  readonly pValue: number;
}

function shiftOf(
  { stretches, place, pValue }: FoundShift,
  options: TrendOptions & { readonly metric: Metric; readonly runCount: number },
): Shift {
  const [before, after, latest] = [stretches[place], stretches[place + 1], stretches.at(-1)];
  if (before === undefined || after === undefined || latest === undefined) throw new Error('A shift has two sides');
  const { metric, runCount, recentRuns } = options;
  const isWorse = lossOf(after.mean / before.mean, metric) > 0;
  const isRecent = after.from >= runCount - recentRuns;
  return {
    run: after.from,
    lastBefore: before.to,
    before: before.mean,
    after: after.mean,
    kind: isWorse ? 'worse' : 'better',
    pValue,
    isRegression: isWorse && isRecent && isTooMuch(lossOf(latest.mean / before.mean, metric), options),
  };
}

/** By which share a figure got worse; negative when it got better. */
const lossOf = (ratio: number, { isLargerBetter }: Metric): number => (isLargerBetter ? 1 - ratio : ratio - 1);

function isTooMuch(
  loss: number,
  { metric, thresholds, sameWithin }: HistoryOptions & { readonly metric: Metric },
): boolean {
  if (thresholds.length === 0) return loss >= sameWithin;
  return thresholds.some((threshold) => threshold.metric === metric.name && loss > threshold.share);
}
