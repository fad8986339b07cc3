import type { Certification } from '../../src/core/certify.js';
import type { Probe } from '../../src/core/max-rate.js';
import type { Stability } from '../../src/core/run.js';
import type { MeasurementSettings } from '../../src/core/run-settings.js';
import type { ScenarioResult } from '../../src/core/scenario.js';
import { toMs } from '../../src/core/units.js';
import { createLatencyRecorder, type LatencyRecorder } from './latency-recorder.js';
import type { SampleLog } from './sample-log.js';
import { checkStability, stabilityWindows, type WindowFigures } from './stability.js';
import { type Summable, throughputOf } from './summarise.js';
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
  /** Adaptive levels: the first window behind the warm-up, and the chance of error of the look. */
  readonly settled?: { readonly from: number; readonly alpha: number };
  readonly certification?: Certification;
  readonly probe?: Probe;
  readonly scenario?: ScenarioResult;
}

export const notYetJudged: Judgement = {
  stability: { stable: false, reason: 'too-few-windows' },
  isOverLimit: false,
  isDone: false,
};

/**
 * Says what the windows of a level mean, each time that one has closed.
 *
 * @param windows all closed windows, of which there is at least one
 * @param grownFrom as `judgeLevel` has it
 */
export type JudgeLevel = (windows: readonly WindowRecord[], log: SampleLog, grownFrom: number) => Judgement;

/**
 * @param windows all closed windows of the level, in order
 * @param grownFrom how many windows at the beginning are of a load that still grew: they agree with nothing
 */
export function judgeLevel(windows: readonly WindowRecord[], options: JudgeOptions, grownFrom = 0): Judgement {
  const { measurement } = options;
  const isExact = measurement.mode === 'request_count';
  const comparable = isExact ? windows : windows.slice(grownFrom).slice(-stabilityWindows);
  const figures = comparable.map((window) => figuresOf(window, options));
  if (windows.at(-1)?.isLost) {
    return { stability: { stable: false, reason: 'server-lost' }, isOverLimit: false, isDone: true };
  }
  const stability = isExact ? exactStability(figures) : checkStability(figures, measurement.stabilityPercent / 100);
  const isOverLimit = reachesLimit(windows.slice(-stabilityWindows), options);
  const isDone =
    isExact ||
    stability.stable ||
    windows.length >= measurement.maxTrials ||
    isHopeless(windows.slice(grownFrom).at(-1), options) ||
    (isOverLimit && windows.length >= stabilityWindows);
  return { stability, isOverLimit, isDone };
}

/** Fewer answers may be those of a single stall. */
const leastAnswers = 20;

function isHopeless(window: WindowRecord | undefined, options: JudgeOptions): boolean {
  const { hopelessMs = Number.POSITIVE_INFINITY, hopelessThroughput = 0 } = options.measurement;
  if (window === undefined || window.latencies.count < leastAnswers) return false;
  const isSlow = Number.isFinite(hopelessMs) && toMs(window.latencies.percentile(50)) > hopelessMs;
  return isSlow || throughputOf(window, options.batchSize) < hopelessThroughput;
}

/** Windows are merged only for those who ask: it takes milliseconds, in the middle of the load. */
function reachesLimit(windows: readonly WindowRecord[], options: JudgeOptions): boolean {
  const { latencyLimitMs } = options;
  if (latencyLimitMs === undefined) return false;
  const latencies = createLatencyRecorder();
  for (const window of windows) latencies.merge(window.latencies);
  return (latencyOf(latencies, options) ?? 0) >= latencyLimitMs;
}

/** One window has nothing to be compared with. */
const exactStability = (figures: readonly WindowFigures[]): Stability =>
  figures.some(({ throughput }) => throughput > 0) ? { stable: true } : { stable: false, reason: 'no-valid-requests' };

function figuresOf(window: Summable, options: JudgeOptions): WindowFigures {
  return { throughput: throughputOf(window, options.batchSize), latencyMs: latencyOf(window.latencies, options) };
}

/** The mean, or the percentile that the settings name, in ms. */
export function latencyOf(
  latencies: LatencyRecorder,
  { measurement }: Pick<JudgeOptions, 'measurement'>,
): number | undefined {
  const { percentile } = measurement;
  if (latencies.count === 0) return undefined;
  return toMs(percentile === undefined ? latencies.mean() : latencies.percentile(percentile));
}
