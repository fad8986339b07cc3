import type { LevelView } from '../../../analyzer/measure/level-view.js';
import { type Interval, relativeHalfWidth, unsupported } from '../../core/certainty.js';
import type { LoadSettings } from '../../core/load.js';
import { isSwept, loadName } from '../../core/load-name.js';
import { probeText } from '../../core/max-rate.js';
import type { Level, Stability } from '../../core/run.js';
import type { LevelPlan } from './progress.js';

const windowsNeeded = 3;

/** The live line of a running level: level, window, rate, p99, stability so far, time left. */
export function runningLine(view: LevelView, plan: LevelPlan): string {
  const failed = view.failedRequests === 0 ? '' : `   ${view.failedRequests} failed`;
  const p99 = view.p99Ms === undefined ? '–' : `${view.p99Ms.toFixed(2)} ms`;
  const figures = `${view.throughput.toFixed(1)} infer/s   p99 ${p99}${failed}`;
  return `${whereText(view, plan)}   ${figures}   ${stabilityText(view.stability)}${timeLeft(view, plan)}`;
}

/** The same without its figures: level, window, stability so far, time left. */
export const runningFacts = (view: LevelView, plan: LevelPlan): string =>
  `${whereText(view, plan)}   ${stabilityText(view.stability)}${timeLeft(view, plan)}`;

const whereText = ({ load, window, maxTrials }: LevelView, { settings }: LevelPlan): string =>
  `${loadName(load)}${rangeText(settings.load)}   window ${window}/${maxTrials}`;

function rangeText(load: LoadSettings): string {
  if (!isSwept(load) || load.range.end === 0) return '';
  return ` of ${load.range.start}–${load.range.end}`;
}

/** The line that stays when a level is done. */
export function doneLine(level: Level): string {
  const { load, summary, stability, verdict, certainty, certification, scenario } = level;
  const needed = unsupported(certainty, 99)?.needsRequests;
  const p99 =
    needed === undefined
      ? `p99 ${summary.latency?.percentilesMs['99']?.toFixed(3)} ms`
      : `p99 needs ${needed} requests`;
  const figures =
    summary.requests === 0
      ? 'no valid request'
      : `${summary.throughput.toFixed(2)} infer/s${within(certainty?.throughput)}, mean ${summary.latency?.meanMs.toFixed(3)} ms${within(certainty?.meanMs)}, ${p99}`;
  const marks = [
    ...(stability.stable ? [] : [stabilityText(stability)]),
    ...(certification === undefined || !stability.stable ? [] : [certification.verdict.toUpperCase()]),
    ...(scenario === undefined ? [] : [scenario.isValid ? 'VALID' : 'INVALID']),
    ...(level.probe === undefined ? [] : [probeText(level.probe)]),
    ...(level.isOverLimit ? ['over the latency limit'] : []),
    ...(verdict.kind === 'valid' ? [] : [verdict.kind]),
  ];
  const remark = marks.length === 0 ? '' : ` [${marks.join(', ')}]`;
  return `${loadName(load)}: ${figures} (${spanText(level)})${remark}`;
}

function spanText({ windows, certainty }: Level): string {
  if (certainty === undefined) return `${windows.length} windows`;
  return `${(windows.reduce((sum, { durationMs }) => sum + durationMs, 0) / 1000).toFixed(1)} s`;
}

/** Half the width of an interval, in per cent of the figure. */
function within(interval: Interval | undefined): string {
  return interval === undefined ? '' : ` ± ${(100 * relativeHalfWidth(interval)).toFixed(1)} %`;
}

function stabilityText(stability: Stability): string {
  if (stability.stable) return 'stable';
  switch (stability.reason) {
    case 'too-few-windows':
      return 'settling';
    case 'throughput':
      return 'throughput not stable';
    case 'latency':
      return 'latency not stable';
    case 'not-precise':
      return 'not precise';
    case 'undecided':
      return 'undecided';
    case 'not-steady':
      return 'not steady';
    case 'no-valid-requests':
      return 'no valid requests';
    case 'interrupted':
      return 'interrupted';
    case 'server-lost':
      return 'server lost';
    case 'no-answer':
      return 'no answer';
  }
}

/** At the earliest: with windows of a known length, the level ends when three windows agree. An adaptive one ends at the latest. */
function timeLeft(view: LevelView, { settings, levelsLeft }: LevelPlan): string {
  const {
    mode,
    intervalMs,
    adaptive = settings.measurement.certify ?? settings.measurement.maxRate ?? settings.measurement.scenario,
  } = settings.measurement;
  const open = levelsLeft === undefined ? '+' : '';
  if (adaptive !== undefined) {
    const longestMs = adaptive.maxMs - view.elapsedMs + (levelsLeft ?? 0) * adaptive.maxMs;
    return `   ≤ ${duration(Math.max(0, longestMs))}${open} left`;
  }
  if (mode !== 'time_windows') return '';
  const windowsLeft = Math.max(1, windowsNeeded - view.window + 1);
  const levelMs = windowsLeft * intervalMs - view.windowElapsedMs;
  const restMs = (levelsLeft ?? 0) * windowsNeeded * intervalMs;
  return `   ≥ ${duration(Math.max(0, levelMs + restMs))}${open} left`;
}

const duration = (ms: number): string => {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
};
