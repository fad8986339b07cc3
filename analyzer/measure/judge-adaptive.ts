import { type Certainty, type Interval, relativeHalfWidth } from '../../src/core/certainty.js';
import type { Stability } from '../../src/core/run.js';
import type { AdaptiveSettings, MeasurementSettings } from '../../src/core/run-settings.js';
import { minus, type Nanoseconds, toMs } from '../../src/core/units.js';
import { lookPlan } from '../statistics/look-plan.js';
import { settle } from '../statistics/settle.js';
import { assessCertainty } from './assess-certainty.js';
import { type JudgeLevel, type Judgement, type JudgeOptions, latencyOf, notYetJudged } from './judge-level.js';
import { createLatencyRecorder } from './latency-recorder.js';
import type { SampleLog } from './sample-log.js';
import { lostWindows, type WindowRecord } from './window-series.js';

/** The chance that an interval of any of the looks misses the truth. */
const alpha = 0.05;
/** Windows are short here: a server is lost when it was unreachable for so long. */
const lostMs = 5000;
/** Of instants that were added up, in ms. */
const rounding = 0.001;
/** MSER works on so many batches at the most, of 5 values at the least. */
const mostBatches = 2000;

/**
 * Judges a level at instants that were set before; in between it says what it said last.
 *
 * @param adaptive those of the options' measurement
 */
export function createAdaptiveJudge(options: JudgeOptions, adaptive: AdaptiveSettings): JudgeLevel {
  const looks = lookPlan({ start: adaptive.minMs, end: adaptive.maxMs }, alpha);
  let next = 0;
  let last = notYetJudged;
  return (windows, log) => {
    if (isLost(windows)) return lostJudgement;
    const due = looks.findLastIndex(({ at }) => at <= elapsedMs(windows) + rounding);
    const look = looks[due];
    if (look === undefined || due < next) return last;
    next = due + 1;
    last = judgeAt(look.alpha, next === looks.length, { windows, log, options, adaptive });
    return last;
  };
}

/** Of all windows together; there is at least one. */
export function elapsedMs(windows: readonly WindowRecord[]): number {
  const [startedAt, endedAt] = stretchOf(windows, 0);
  return toMs(minus(endedAt, startedAt));
}

interface Measured {
  readonly windows: readonly WindowRecord[];
  readonly log: SampleLog;
  readonly options: JudgeOptions;
  readonly adaptive: AdaptiveSettings;
}

function judgeAt(lookAlpha: number, isLast: boolean, { windows, log, options, adaptive }: Measured): Judgement {
  const { measurement, batchSize, latencyLimitMs } = options;
  const { percentile } = measurement;
  const from = settledFrom(windows, log, measurement.stabilityPercent / 100);
  const latencies = createLatencyRecorder();
  for (const window of windows.slice(from)) latencies.merge(window.latencies);
  const limited = latencyOf(latencies, options) ?? 0;
  if (latencies.count === 0) {
    return { stability: { stable: false, reason: 'no-valid-requests' }, isOverLimit: false, isDone: isLast };
  }
  const certainty = assessCertainty(log.between(...stretchOf(windows, from)), latencies, {
    batchSize,
    percentiles: percentile === undefined ? [] : [percentile],
    alpha: lookAlpha,
    tolerance: measurement.stabilityPercent / 100,
    warmUpMs: 0,
  });
  const stability = stabilityOf(certainty, measurement, adaptive.precisionPercent / 100);
  const latency = latencyInterval(certainty, measurement);
  const isOverLimit = latencyLimitMs !== undefined && limited >= latencyLimitMs;
  const isSurelyOver = latencyLimitMs !== undefined && latency !== undefined && latency.low >= latencyLimitMs;
  return {
    stability,
    isOverLimit,
    isDone: stability.stable || isSurelyOver || isLast,
    settled: { from, alpha: lookAlpha },
  };
}

/**
 * The first window behind the warm-up, which is cut where latency and throughput have both settled; at most half of the time is cut.
 *
 * @param tolerance by how much a steady series may drift: a share
 */
export function settledFrom(windows: readonly WindowRecord[], log: SampleLog, tolerance: number): number {
  const [startedAt, endedAt] = stretchOf(windows, 0);
  const { latenciesMs, gapsSeconds } = log.between(startedAt, endedAt);
  const batchSize = Math.max(5, Math.ceil(latenciesMs.length / mostBatches));
  const cut = Math.max(settle(latenciesMs, tolerance, batchSize).cut, settle(gapsSeconds, tolerance, batchSize).cut);
  const remaining = latenciesMs.length - cut;
  let from = windows.length;
  for (let requests = 0; from > 0 && requests <= remaining; ) {
    const window = windows[from - 1];
    requests += window?.latencies.count ?? 0;
    if (requests <= remaining) from--; // a window that is cut through belongs to the warm-up
  }
  return Math.min(from, Math.floor(windows.length / 2));
}

/** From the beginning of a window to the end of the last one. */
export function stretchOf(windows: readonly WindowRecord[], from: number): [Nanoseconds, Nanoseconds] {
  const first = windows[from];
  const last = windows.at(-1);
  if (first === undefined || last === undefined) throw new RangeError('a stretch has at least one window');
  return [first.startedAt, last.endedAt];
}

function stabilityOf(certainty: Certainty, measurement: MeasurementSettings, precision: number): Stability {
  if (certainty.steadiness.verdict === 'not-steady') return { stable: false, reason: 'not-steady' };
  const intervals = [certainty.throughput, latencyInterval(certainty, measurement)];
  const isPrecise = intervals.every((interval) => interval !== undefined && relativeHalfWidth(interval) <= precision);
  return isPrecise ? { stable: true } : { stable: false, reason: 'not-precise' };
}

/** That of the mean, or of the percentile that the settings name. */
function latencyInterval(certainty: Certainty, { percentile }: MeasurementSettings): Interval | undefined {
  if (percentile === undefined) return certainty.meanMs;
  const found = certainty.percentiles[String(percentile)];
  return found?.isSupported ? found.intervalMs : undefined;
}

export const lostJudgement: Judgement = {
  stability: { stable: false, reason: 'server-lost' },
  isOverLimit: false,
  isDone: true,
};

/** Nobody was reached for seconds. */
export function isLost(windows: readonly WindowRecord[]): boolean {
  const dead = lostWindows(windows);
  return dead > 0 && elapsedMs(windows.slice(-dead)) >= lostMs;
}
