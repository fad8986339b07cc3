import type { MaxRateSettings, Probe } from '../../src/core/max-rate.js';
import { toMs } from '../../src/core/units.js';
import { type Certified, limitInflation, sequentialTest } from '../statistics/certify.js';
import { chanceWithin } from '../statistics/rate-probe.js';
import { isSaturated } from '../statistics/saturation.js';
import { elapsedMs, isLost, lostJudgement } from './judge-adaptive.js';
import { tallyOver } from './judge-certify.js';
import type { JudgeLevel } from './judge-level.js';
import { mergePacedRecords } from './paced-record.js';
import type { WindowRecord } from './window-series.js';

/** Of the intervals of a probe, which ended when it was certain of something else. */
const alpha = 0.05;
/** At which a probe ends: wrong ones are made good by the search. */
export const probeConfidence = 0.95;
/** What makes a probe end early may not be chance, however often it is looked at. */
const surelySaturated = 0.9;
/**
 * A rate is not within the limit before it lasted so long: a server that is 2.5 % too slow then has a backlog of 1/40 of the time, which is the limit.
 */
const leastMs = 2000;
const leastLimits = 40;
/** Requests that wait longer than this share of the limit until they are sent, in as many cases as may be over it, tell of the client. */
const lateShare = 0.1;

/**
 * Judges a level that asks whether a rate is within a limit: by a sequential test, and by whether the server keeps up. The first window, in
 * which the queue fills, does not count; its length was set before.
 */
export function createProbeJudge({ percentile, limitMs, maxMs }: MaxRateSettings): JudgeLevel {
  const test = sequentialTest({ percentile: percentile / 100, confidence: probeConfidence });
  const minMs = Math.max(leastMs, leastLimits * limitMs);
  const isOver = (result: Certified, elapsed: number): boolean =>
    result === 'fail' || elapsed >= maxMs || (result === 'pass' && elapsed >= minMs);
  return (windows, log) => {
    if (isLost(windows)) return lostJudgement;
    const counted = windows.length === 1 ? windows : windows.slice(1);
    const settled = { from: windows.length - counted.length, alpha };
    const { latenciesMs, requests, over } = tallyOver(counted, log, limitMs);
    const { sendLags, dropped } = pacingOf(counted);
    const inflation = (): number => limitInflation(latenciesMs, limitMs);
    const flow = flowOf(counted);
    const usual = (requests / elapsedMs(counted)) * limitMs;
    const result = settled.from === 0 ? 'undecided' : test.look(requests, over, inflation);
    if (!isSaturated(flow, { share: surelySaturated, usual }) && !isOver(result, elapsedMs(windows)))
      return { ...undecided, settled };
    const seen = {
      requests,
      over,
      effectiveRequests: requests / inflation(),
      isSaturated: isSaturated(flow, { usual }),
    };
    const isLate = (share: number): boolean =>
      sendLags.count > 0 && toMs(sendLags.percentile(share)) > lateShare * limitMs;
    const client = {
      hasStalled: isLate(100) && over - dropped <= (1 - percentile / 100) * requests,
      isLate: isLate(percentile),
    };
    const probe = { ...seen, answer: answerOf(seen, percentile, client) };
    return { stability: { stable: true }, isOverLimit: false, isDone: true, settled, probe };
  };
}

const undecided = { stability: { stable: false, reason: 'undecided' }, isOverLimit: false, isDone: false } as const;

function answerOf(
  seen: Omit<Probe, 'answer'>,
  percentile: number,
  client: {
    /** It sent some late and others not at all: of those that it sent few enough were over the limit. */
    readonly hasStalled: boolean;
    readonly isLate: boolean;
  },
): Probe['answer'] {
  const isFew = seen.over <= (1 - percentile / 100) * seen.requests;
  if (chanceWithin({ rate: 0, ...seen }, percentile / 100) >= 0.5) return 'met';
  if (!isFew && client.hasStalled) return 'late';
  if (seen.isSaturated) return 'missed';
  if (isFew) return 'unknown';
  return client.isLate ? 'late' : 'missed';
}

const pacingOf = (windows: readonly WindowRecord[]) => mergePacedRecords(windows.flatMap(({ paced }) => paced ?? []));

const flowOf = (windows: readonly WindowRecord[]) => ({
  arrived: windows.map(({ paced }) => paced?.intended ?? 0),
  answered: windows.map(({ latencies, failedRequests }) => latencies.count + failedRequests),
});
