import type { Change, ChangeKind } from '../../src/core/comparison.js';
import { loadName } from '../../src/core/load-name.js';
import { seededRandom } from '../../src/core/random.js';
import type { Level, Measured, Run } from '../../src/core/run.js';
import { blockBootstrap } from '../statistics/block-bootstrap.js';
import {
  type LogEstimate,
  logEstimate,
  type Ratio,
  type Reach,
  ratioOf,
  studentReach,
} from '../statistics/ratio-interval.js';
import { allMetrics, type Metric, usualMetrics } from './metrics.js';
import { type PooledWindows, windowPool } from './pooled-windows.js';
import { reachOfRuns } from './reach-of-runs.js';

/** By how much a figure may get worse, as a share: 0.05 lets a latency rise, or a throughput fall, by 5 %. */
export interface Threshold {
  readonly metric: string;
  readonly share: number;
}

export interface CompareOptions {
  /** Empty: nothing may get worse beyond the noise. */
  readonly thresholds: readonly Threshold[];
  /** A change that is surely smaller than this share is none. */
  readonly sameWithin: number;
  /** How likely runs of the same are told apart somewhere, at most: all intervals hold together. */
  readonly falseAlarms: number;
  /**
   * How far runs of the same lie from one another, as a share (standard deviation of one run): what its windows cannot show of a single run.
   * Several runs on both sides show it themselves.
   */
  readonly runNoise: number;
}

/**
 * Compares level by level and figure by figure. With several runs on both sides, a run is one value; otherwise the figures are those of all windows
 * that a side is summarised from; how sure they are is asked of these by a block bootstrap, since neighbouring windows are alike, and `runNoise` is added.
 */
export function compareRuns(base: readonly Run[], next: readonly Run[], options: CompareOptions): Change[] {
  const names = options.thresholds.map(({ metric }) => metric);
  const metrics = allMetrics.filter((metric) => usualMetrics.includes(metric) || names.includes(metric.name));
  const levels = [...new Set([...base, ...next].flatMap(levelNames))];
  const byRun = isReplicated(base, next);
  const { runNoise } = options;
  const figures = { levels, metrics, falseAlarms: options.falseAlarms };
  const reach =
    (byRun ? reachOfRuns(base, next, figures) : undefined) ??
    studentReach(1 - options.falseAlarms / (levels.length * metrics.length));
  return levels.flatMap((level) => {
    const [before = [], after = []] = [base, next].map((runs) =>
      estimatesOf(runs, level, { metrics, byRun, runNoise }),
    );
    return metrics.map((metric, index) =>
      changeOf({ level, metric, base: before[index], next: after[index] }, { ...options, reach }),
    );
  });
}

/**
 * How often runs of the same may be told apart, better or worse, unless told otherwise: half as often when only windows tell the noise, since that from run to
 * run is assumed.
 */
export const usualFalseAlarms = (base: readonly Run[], next: readonly Run[]): number =>
  isReplicated(base, next) ? 0.01 : 0.005;

/** Unless told otherwise; see `runNoise`. */
export const usualRunNoise = 0.03;

/** Whether runs, rather than windows, say how much noise there is. */
export const isReplicated = (base: readonly Run[], next: readonly Run[]): boolean => base.length > 1 && next.length > 1;

const levelNames = ({ levels }: Run): string[] => levels.map(({ load }) => loadName(load));

interface Figures {
  readonly metrics: readonly Metric[];
  readonly byRun: boolean;
  readonly runNoise: number;
}

/** Of each metric; `undefined` where there is no such figure. */
function estimatesOf(
  runs: readonly Run[],
  name: string,
  { metrics, byRun, runNoise }: Figures,
): readonly (LogEstimate | undefined)[] {
  const levels = runs.flatMap((run) => run.levels.filter(({ load }) => loadName(load) === name));
  return byRun
    ? metrics.map(({ value }) => estimateByRun(levels.map(({ summary }) => value(summary))))
    : estimatesByWindow(levels.flatMap(summarisedWindows), metrics).map((estimate) =>
        withRunNoise(estimate, runNoise, levels.length),
      );
}

/** A run without the figure leaves none: it would be missing from the mean. */
const estimateByRun = (values: readonly (number | undefined)[]): LogEstimate | undefined =>
  values.length > 0 && values.every((value): value is number => value !== undefined && value > 0)
    ? logEstimate(values)
    : undefined;

/** More degrees of freedom make no difference. */
const mostDegrees = 1e6;

/** Each run is a draw of its own. What is assumed needs no degrees of freedom (Satterthwaite, Biometrics Bulletin 2, 1946). */
function withRunNoise(estimate: LogEstimate | undefined, runNoise: number, runs: number): LogEstimate | undefined {
  if (estimate === undefined || runNoise === 0) return estimate;
  const squaredError = estimate.squaredError + runNoise ** 2 / runs;
  const degrees = Math.min(mostDegrees, estimate.degrees * (squaredError / estimate.squaredError) ** 2);
  return { ...estimate, squaredError, degrees: estimate.degrees === 0 ? 0 : degrees };
}

const summarisedWindows = ({ windows, summarisedWindows: count }: Level): readonly Measured[] =>
  count === 0 ? [] : windows.slice(-count);

/** More blocks would be too short to be independent of one another. */
const mostBlocks = 20;
/** The error of an interval's width is 2 %. */
const resamples = 1000;

const figuresOf = (windows: PooledWindows, metrics: readonly Metric[]): number[] =>
  metrics.map(({ pooled }) => pooled(windows));

/** The same windows always have the same answer: the draws have a seed. */
function estimatesByWindow(
  windows: readonly Measured[],
  metrics: readonly Metric[],
): readonly (LogEstimate | undefined)[] {
  if (windows.every(({ requests }) => requests === 0)) return [];
  const pool = windowPool(windows);
  const estimates = blockBootstrap((weights) => figuresOf(pool(weights), metrics), {
    length: windows.length,
    mostBlocks,
    resamples,
    random: seededRandom(0),
  });
  return estimates.map((estimate, index) => ({
    ...estimate,
    // Of a value that was rounded.
    squaredError: estimate.squaredError + (metrics[index]?.resolution ?? 0) ** 2 / 12,
  }));
}

interface Sides {
  readonly level: string;
  readonly metric: Metric;
  readonly base: LogEstimate | undefined;
  readonly next: LogEstimate | undefined;
}

function changeOf({ level, metric, base, next }: Sides, options: CompareOptions & { readonly reach: Reach }): Change {
  const figure = { level, metric: metric.name, unit: metric.unit };
  const means = {
    ...(base === undefined ? {} : { base: Math.exp(base.mean) }),
    ...(next === undefined ? {} : { next: Math.exp(next.mean) }),
  };
  if (base === undefined || next === undefined) {
    return { ...figure, ...means, kind: 'missing', isRegression: isGated(metric, options) };
  }
  const ratio = ratioOf(base, next, options.reach);
  const kind = kindOf(ratio, metric, options.sameWithin);
  return {
    ...figure,
    ...means,
    ratio: ratio.value,
    ...(ratio.interval === undefined ? {} : { interval: ratio.interval }),
    kind,
    isRegression: kind === 'worse' && isOver(ratio.value, metric, options),
  };
}

function kindOf({ interval }: Ratio, { isLargerBetter }: Metric, sameWithin: number): ChangeKind {
  if (interval === undefined) return 'undecided';
  const { low, high } = interval;
  if (low > 1) return isLargerBetter ? 'better' : 'worse';
  if (high < 1) return isLargerBetter ? 'worse' : 'better';
  return low > 1 - sameWithin && high < 1 + sameWithin ? 'same' : 'undecided';
}

const isGated = ({ name }: Metric, { thresholds }: CompareOptions): boolean =>
  thresholds.length === 0 || thresholds.some(({ metric }) => metric === name);

function isOver(ratio: number, metric: Metric, { thresholds }: CompareOptions): boolean {
  if (thresholds.length === 0) return true;
  const loss = metric.isLargerBetter ? 1 - ratio : ratio - 1;
  return thresholds.some((threshold) => threshold.metric === metric.name && loss > threshold.share);
}
