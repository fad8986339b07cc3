import type { MeasurementSettings, Stability } from '../../src/core/run.js';
import { toMs } from '../../src/core/units.js';
import { checkStability, stabilityWindows, type WindowFigures } from './stability.js';
import { mergeWindows, type Summable, throughputOf } from './summarise.js';
import type { WindowRecord } from './window-series.js';

export interface JudgeOptions {
  readonly batchSize: number;
  readonly measurement: MeasurementSettings;
  readonly latencyLimitMs?: number;
}

/** What the windows so far say about a level. */
export interface Judgement {
  readonly stability: Stability;
  /** The latency of the last windows together, as the report will show it, reaches the limit. */
  readonly isOverLimit: boolean;
  /** Nothing more is to be learned, or the trials are used up. */
  readonly isDone: boolean;
}

export const notYetJudged: Judgement = {
  stability: { stable: false, reason: 'too-few-windows' },
  isOverLimit: false,
  isDone: false,
};

/**
 * @param windows all closed windows of the level, in order
 * @param grownFrom how many windows at the beginning are of a load that still grew: they agree with nothing
 */
export function judgeLevel(windows: readonly WindowRecord[], options: JudgeOptions, grownFrom = 0): Judgement {
  const { measurement, latencyLimitMs } = options;
  const isExact = measurement.mode === 'request_count';
  const figures = windows.slice(isExact ? 0 : grownFrom).map((window) => figuresOf(window, options));
  if (windows.at(-1)?.isLost) {
    return { stability: { stable: false, reason: 'server-lost' }, isOverLimit: false, isDone: true };
  }
  const stability = isExact ? exactStability(figures) : checkStability(figures, measurement.stabilityPercent / 100);
  const merged = figuresOf(mergeWindows(windows.slice(-stabilityWindows)), options);
  const isOverLimit = latencyLimitMs !== undefined && (merged.latencyMs ?? 0) >= latencyLimitMs;
  const isDone =
    isExact ||
    stability.stable ||
    windows.length >= measurement.maxTrials ||
    (isOverLimit && windows.length >= stabilityWindows);
  return { stability, isOverLimit, isDone };
}

/** One window has nothing to be compared with. */
const exactStability = (figures: readonly WindowFigures[]): Stability =>
  figures.some(({ throughput }) => throughput > 0) ? { stable: true } : { stable: false, reason: 'no-valid-requests' };

function figuresOf(window: Summable, { batchSize, measurement }: JudgeOptions): WindowFigures {
  const { latencies } = window;
  const { percentile } = measurement;
  const latency = percentile === undefined ? latencies.mean() : latencies.percentile(percentile);
  return {
    throughput: throughputOf(window, batchSize),
    latencyMs: latencies.count === 0 ? undefined : toMs(latency),
  };
}
