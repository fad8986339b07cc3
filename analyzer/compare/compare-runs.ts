import type { Change, ChangeKind } from '../../src/core/comparison.js';
import { loadName } from '../../src/core/load-name.js';
import type { Level, Measured, Run } from '../../src/core/run.js';
import { blockMeans } from '../statistics/autocorrelation.js';
import { type Ratio, ratioInterval } from '../statistics/ratio-interval.js';
import { allMetrics, type Metric, usualMetrics } from './metrics.js';

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
  /** How likely runs of the same are told apart somewhere, at most: shared by all figures (Bonferroni). */
  readonly falseAlarms: number;
}

/**
 * Compares level by level and figure by figure. With several runs on both sides, a run is one value; otherwise the windows that
 * a run is summarised from are, joined to at most ten blocks of time, since neighbouring windows are alike.
 */
export function compareRuns(base: readonly Run[], next: readonly Run[], options: CompareOptions): Change[] {
  const names = options.thresholds.map(({ metric }) => metric);
  const metrics = allMetrics.filter((metric) => usualMetrics.includes(metric) || names.includes(metric.name));
  const levels = [...new Set([...base, ...next].flatMap(levelNames))];
  const confidence = 1 - options.falseAlarms / (levels.length * metrics.length);
  const byRun = isReplicated(base, next);
  return levels.flatMap((level) => {
    const [before, after] = [base, next].map((runs) => valuesOf(runs, level, byRun));
    return metrics.map((metric) =>
      changeOf(
        { level, metric, base: pick(before, metric, byRun), next: pick(after, metric, byRun) },
        { ...options, confidence },
      ),
    );
  });
}

/** Whether runs, rather than windows, say how much noise there is. */
export const isReplicated = (base: readonly Run[], next: readonly Run[]): boolean => base.length > 1 && next.length > 1;

const levelNames = ({ levels }: Run): string[] => levels.map(({ load }) => loadName(load));

function valuesOf(runs: readonly Run[], name: string, byRun: boolean): Measured[] {
  const levels = runs.flatMap((run) => run.levels.filter(({ load }) => loadName(load) === name));
  return levels.flatMap((level) => (byRun ? [level.summary] : summarisedWindows(level)));
}

const summarisedWindows = ({ windows, summarisedWindows: count }: Level): readonly Measured[] =>
  count === 0 ? [] : windows.slice(-count);

/** More blocks would be too short to be independent of one another. */
const mostBlocks = 10;

/** A stretch without the figure leaves none: it would be missing from the mean. */
function pick(measured: readonly Measured[] = [], { value }: Metric, byRun: boolean): number[] {
  const values = measured.map(value);
  if (!values.every((each): each is number => each !== undefined && each > 0)) return [];
  return byRun ? values : blocksOf(values);
}

/** Geometric means of neighbours. */
const blocksOf = (values: readonly number[]): number[] =>
  Array.from(blockMeans(values.map(Math.log), Math.max(1, Math.ceil(values.length / mostBlocks))), Math.exp);

interface Sides {
  readonly level: string;
  readonly metric: Metric;
  readonly base: readonly number[];
  readonly next: readonly number[];
}

function changeOf(
  { level, metric, base, next }: Sides,
  options: CompareOptions & { readonly confidence: number },
): Change {
  const figure = { level, metric: metric.name, unit: metric.unit };
  const [before, after] = [base, next].map(geometricMean);
  const means = { ...(before === undefined ? {} : { base: before }), ...(after === undefined ? {} : { next: after }) };
  if (before === undefined || after === undefined) {
    return { ...figure, ...means, kind: 'missing', isRegression: isGated(metric, options) };
  }
  const ratio = ratioInterval(base, next, options.confidence);
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

const geometricMean = (values: readonly number[]): number | undefined =>
  values.length === 0 ? undefined : Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);

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
