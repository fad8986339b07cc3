import {
  ruleConfidence,
  type ScenarioChecks,
  type ScenarioResult,
  type ScenarioSettings,
} from '../../src/core/scenario.js';
import { toMs } from '../../src/core/units.js';
import { discardedQueries, provesWithin } from '../statistics/early-stopping.js';
import { elapsedMs, isLost, lostJudgement } from './judge-adaptive.js';
import { tallyOver } from './judge-certify.js';
import type { JudgeLevel } from './judge-level.js';
import { createLatencyRecorder } from './latency-recorder.js';
import type { SampleLog } from './sample-log.js';
import type { WindowRecord } from './window-series.js';

/** Of the intervals of a level whose end was set before. */
const alpha = 0.05;

/**
 * Holds a scenario of MLPerf for its least time and its least number of queries, and looks at the result once, then: going on until it is
 * valid would make luck of it. Nothing is cut off.
 */
export function createScenarioJudge(scenario: ScenarioSettings, batchSize: number): JudgeLevel {
  const settled = { from: 0, alpha };
  return (windows, log) => {
    if (isLost(windows)) return lostJudgement;
    const lasted = elapsedMs(windows);
    const answered = sumOf(windows, ({ latencies, failedRequests }) => latencies.count + failedRequests);
    const queries = answered * samplesCounted(scenario, batchSize);
    const isEnough = lasted >= scenario.minMs && queries >= scenario.minQueries;
    if (!isEnough && lasted < scenario.maxMs) return { ...notYet, settled };
    return {
      stability: { stable: true },
      isOverLimit: false,
      isDone: true,
      settled,
      scenario: scenarioResult({ scenario, batchSize, windows, log }),
    };
  };
}

const notYet = { stability: { stable: false, reason: 'too-few-windows' }, isOverLimit: false, isDone: false } as const;

/** The one query of an offline run is as many requests as it takes. */
const samplesCounted = ({ name }: ScenarioSettings, batchSize: number): number => (name === 'offline' ? batchSize : 1);

interface Held {
  readonly scenario: ScenarioSettings;
  readonly batchSize: number;
  readonly windows: readonly WindowRecord[];
  readonly log: SampleLog;
}

function scenarioResult(held: Held): ScenarioResult {
  const { scenario, batchSize, windows, log } = held;
  const { limitMs = Number.POSITIVE_INFINITY } = scenario;
  const { requests, over } = tallyOver(windows, log, limitMs);
  const queries = requests * samplesCounted(scenario, batchSize);
  const { earlyStopping, latency, ...figures } = figuresOf({ ...held, requests, over });
  const checks: ScenarioChecks = {
    minDuration: elapsedMs(windows) >= scenario.minMs,
    minQueries: queries >= scenario.minQueries,
    earlyStopping,
    ...(latency === undefined ? {} : { latency }),
  };
  return { isValid: Object.values(checks).every(Boolean), checks, queries, ...figures };
}

type Figures = Pick<ScenarioResult, 'latencyMs' | 'discarded' | 'over' | 'samplesPerSecond'> &
  Pick<ScenarioChecks, 'earlyStopping' | 'latency'>;

function figuresOf(held: Held & { readonly requests: number; readonly over: number }): Figures {
  const { scenario, batchSize, windows, requests, over } = held;
  const seconds = elapsedMs(windows) / 1000;
  if (scenario.percentile === undefined) {
    const answered = sumOf(windows, ({ latencies }) => latencies.count);
    return { earlyStopping: true, samplesPerSecond: (answered * batchSize) / seconds };
  }
  const claim = { percentile: scenario.percentile / 100, confidence: ruleConfidence };
  if (scenario.limitMs === undefined) return estimateOf(windows, requests, discardedQueries(requests, claim));
  const scheduled = sumOf(windows, ({ paced }) => paced?.intended ?? 0);
  return {
    over,
    samplesPerSecond: (scheduled * batchSize) / seconds,
    earlyStopping: provesWithin(requests, over, claim),
    latency: over < requests - Math.floor(requests * claim.percentile),
  };
}

/** Queries that failed are the slowest. */
function estimateOf(windows: readonly WindowRecord[], requests: number, discarded: number | undefined): Figures {
  const latencies = createLatencyRecorder();
  for (const window of windows) latencies.merge(window.latencies);
  const rank = discarded === undefined ? requests : requests - discarded;
  if (discarded === undefined || rank > latencies.count) return { earlyStopping: false };
  return {
    earlyStopping: true,
    discarded,
    latencyMs: toMs(latencies.percentile((100 * rank) / latencies.count)),
  };
}

const sumOf = (windows: readonly WindowRecord[], of: (window: WindowRecord) => number): number =>
  windows.reduce((sum, window) => sum + of(window), 0);
