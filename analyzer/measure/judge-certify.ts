import type { Certification, CertifySettings } from '../../src/core/certify.js';
import { limitInflation, sequentialTest } from '../statistics/certify.js';
import { elapsedMs, isLost, lostJudgement, stretchOf } from './judge-adaptive.js';
import type { JudgeLevel } from './judge-level.js';
import type { SampleLog } from './sample-log.js';
import type { WindowRecord } from './window-series.js';

/** Of the intervals of a level that was certified, which ended when it was certain of something else. */
const alpha = 0.05;

/**
 * Judges a level by a sequential test of a percentile. Nothing is cut off: leaving out what is slow at the beginning, after looking at
 * it, would make passes of fails.
 */
export function createCertifyJudge({ percentile, limitMs, confidencePercent, maxMs }: CertifySettings): JudgeLevel {
  const certification = sequentialTest({ percentile: percentile / 100, confidence: confidencePercent / 100 });
  let inflation = 1;
  return (windows, log) => {
    if (isLost(windows)) return lostJudgement;
    const { latenciesMs, requests, over } = tallyOver(windows, log, limitMs);
    const verdict = certification.look(requests, over, () => {
      inflation = limitInflation(latenciesMs, limitMs);
      return inflation;
    });
    const certified: Certification = { verdict, requests, over, effectiveRequests: requests / inflation };
    const isDone = verdict !== 'undecided' || elapsedMs(windows) >= maxMs;
    return {
      stability: verdict === 'undecided' ? { stable: false, reason: 'undecided' } : { stable: true },
      isOverLimit: false,
      isDone,
      settled: { from: 0, alpha },
      certification: certified,
    };
  };
}

/** A request that failed, or was never sent, is over any limit. */
export function tallyOver(windows: readonly WindowRecord[], log: SampleLog, limitMs: number) {
  const { latenciesMs } = log.between(...stretchOf(windows, 0));
  const above = latenciesMs.reduce((sum, latency) => sum + (latency > limitMs ? 1 : 0), 0);
  const total = (pick: (window: WindowRecord) => number): number =>
    windows.reduce((sum, window) => sum + pick(window), 0);
  const bad = total(({ failedRequests, paced }) => failedRequests + (paced?.dropped ?? 0));
  const answered = total(({ latencies }) => latencies.count);
  return {
    latenciesMs,
    requests: answered + bad,
    over: Math.round((above * answered) / Math.max(1, latenciesMs.length)) + bad,
  };
}
