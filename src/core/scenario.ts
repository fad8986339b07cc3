/** The ways in which MLPerf inference loads a system. */
export type ScenarioName = 'single-stream' | 'multi-stream' | 'server' | 'offline';

/** What MLPerf asks of a run of a scenario. */
export interface ScenarioRule {
  /** Of the latency that is the result, or that is limited, in per cent; absent: the result is a throughput without a limit. */
  readonly percentile?: number;
  /** Absent: as many as one likes. */
  readonly samplesPerQuery?: number;
  /** Offline, where there is one query: samples. */
  readonly minQueries: number;
}

/** Of every scenario. */
export const ruleMinMs = 600_000;
/** Of early stopping: a share. */
export const ruleConfidence = 0.99;

/**
 * The rules of MLPerf inference: `loadgen/mlperf.conf` (percentiles, samples a query, 600 s, 662 queries, 24,576 samples) and
 * `loadgen/test_settings.h` (100 queries where the former says nothing) of github.com/mlcommons/inference, 2025.
 */
export const scenarioRules: Readonly<Record<ScenarioName, ScenarioRule>> = {
  'single-stream': { percentile: 90, samplesPerQuery: 1, minQueries: 100 },
  'multi-stream': { percentile: 99, samplesPerQuery: 8, minQueries: 662 },
  server: { percentile: 99, samplesPerQuery: 1, minQueries: 100 },
  offline: { minQueries: 24_576 },
};

/** What `--scenario` asks for. */
export interface ScenarioSettings {
  readonly name: ScenarioName;
  /** In per cent; absent offline. */
  readonly percentile?: number;
  /** Of scenario server: the limit of that percentile. */
  readonly limitMs?: number;
  readonly minMs: number;
  /** Offline: samples. */
  readonly minQueries: number;
  readonly maxMs: number;
}

/** What a level showed. */
export interface ScenarioResult {
  /** All checks hold. */
  readonly isValid: boolean;
  readonly checks: ScenarioChecks;
  /** Answered, failed, or not sent though due; offline: samples. */
  readonly queries: number;
  /** Of single and multi-stream: the percentile as early stopping estimates it; absent with too few queries. */
  readonly latencyMs?: number;
  /** So many of the slowest queries are above that estimate. */
  readonly discarded?: number;
  /** Of scenario server: above the limit, failed, or not sent. */
  readonly over?: number;
  /** Of scenario server as scheduled, offline as answered. */
  readonly samplesPerSecond?: number;
}

/** What makes a result valid, as LoadGen says it. */
export interface ScenarioChecks {
  readonly minDuration: boolean;
  readonly minQueries: boolean;
  readonly earlyStopping: boolean;
  /** Of scenario server: the percentile of the sample is within the limit. */
  readonly latency?: boolean;
}

/** In which points less was asked for than the rules do, one phrase each. */
export function scenarioDepartures({ name, minMs, minQueries }: ScenarioSettings): string[] {
  const rule = scenarioRules[name];
  const what = name === 'offline' ? 'samples' : 'queries';
  return [
    ...(minMs < ruleMinMs ? [`at least ${minMs / 1000} s, where the rules ask for ${ruleMinMs / 1000} s`] : []),
    ...(minQueries < rule.minQueries
      ? [`at least ${minQueries} ${what}, where the rules ask for ${rule.minQueries}`]
      : []),
  ];
}
