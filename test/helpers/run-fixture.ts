import { judgeValidity } from '../../analyzer/measure/judge-validity.js';
import { createLatencyRecorder } from '../../analyzer/measure/latency-recorder.js';
import type { LevelView } from '../../analyzer/measure/level-view.js';
import { createPacedRecord, type PacedRecord } from '../../analyzer/measure/paced-record.js';
import { summarise } from '../../analyzer/measure/summarise.js';
import type { Load } from '../../src/core/load.js';
import type { ClientHealth, Level, Measured, RequestCounts, Run, ServerSplit, Stability } from '../../src/core/run.js';
import { fromMs, ns } from '../../src/core/units.js';

interface LevelFixture {
  readonly concurrency?: number;
  /** Requests a second of an open loop; its latencies are response times, of which half is lag. */
  readonly requestRate?: number;
  /** Latencies of the requests of one second, in ms. */
  readonly latenciesMs: readonly number[];
  readonly stability?: Stability;
  readonly isOverLimit?: boolean;
  readonly server?: ServerSplit;
  readonly failures?: Level['failures'];
  readonly metrics?: Level['metrics'];
}

export const serverSplitFixture: ServerSplit = {
  requests: 3,
  failedRequests: 0,
  inferences: 3,
  executions: 2,
  meanBatchSize: 1.5,
  requestMs: 8,
  queueMs: 1,
  computeInputMs: 0.25,
  computeInferMs: 6,
  computeOutputMs: 0.5,
  overheadMs: 0.25,
};

/** A level made from latencies, as the analyzer would make it. */
export function levelFixture(options: LevelFixture): Level {
  const latencies = createLatencyRecorder();
  for (const latency of options.latenciesMs) latencies.record(fromMs(latency));
  const count = options.latenciesMs.length;
  const failed = options.failures?.reduce((sum, failure) => sum + failure.count, 0) ?? 0;
  const dropped = options.requestRate === undefined ? 0 : 1;
  const measured: Measured = summarise(
    {
      startedAt: ns(0),
      endedAt: fromMs(1000),
      latencies,
      paced: options.requestRate === undefined ? undefined : pacedFixture(options.latenciesMs),
      failedRequests: failed,
      sendTime: fromMs(0.5 * count),
      receiveTime: fromMs(0.25 * count),
    },
    options.server,
    { batchSize: 1, percentiles: [50, 90, 95, 99, 99.9] },
  );
  const load: Load =
    options.requestRate === undefined
      ? { kind: 'concurrency', concurrency: options.concurrency ?? 1 }
      : { ...rateSettingsFixture, requestsPerSecond: options.requestRate };
  const requests: RequestCounts = {
    intended: count + failed + dropped,
    sent: count + failed,
    dropped,
    ok: count,
    failed,
    inFlight: 0,
  };
  return {
    load,
    stability: options.stability ?? { stable: true },
    isOverLimit: options.isOverLimit ?? false,
    summary: measured,
    summarisedWindows: 1,
    windows: [{ index: 0, startMs: 0, ...measured }],
    requests,
    clientHealth: idleClient,
    verdict: judgeValidity({
      load,
      summary: measured,
      requests,
      clientHealth: idleClient,
      maxErrorRatePercent: 1,
    }),
    failures: options.failures ?? [],
    ...(options.metrics === undefined ? {} : { metrics: options.metrics }),
  };
}

export const idleClient: ClientHealth = {
  cpuMsPerRequest: 0.02,
  cpuCores: 0.1,
  spareCores: 1.5,
  busyShare: 0.08,
  loopDelay: { meanMs: 0.1, p99Ms: 0.4, maxMs: 1.5 },
  gc: { count: 2, totalMs: 0.8, longestMs: 0.5 },
};

export const rateSettingsFixture = {
  kind: 'request-rate',
  arrivals: { kind: 'poisson' },
  shape: { kind: 'constant' },
  maxInFlight: 64,
} as const;

function pacedFixture(latenciesMs: readonly number[]): PacedRecord {
  const record = createPacedRecord();
  for (const latency of latenciesMs) {
    record.serviceTimes.record(fromMs(latency / 2));
    record.sendLags.record(fromMs(latency / 2));
  }
  record.intended = latenciesMs.length + 1;
  record.dropped = 1;
  return record;
}

export function runFixture(levels: readonly Level[], change: Partial<Run> = {}): Run {
  return {
    format: 'perf-analyze/run',
    formatVersion: 1,
    tool: { name: 'perf-analyze', version: '0.0.0' },
    startedAt: '2026-01-02T03:04:05.000Z',
    durationMs: 3000,
    isInterrupted: false,
    settings: {
      modelName: 'm',
      modelVersion: '',
      protocol: 'http',
      batchSize: 1,
      load: { kind: 'concurrency', range: { start: 1, end: 2, step: 1 }, search: 'linear' },
      maxThreads: 1,
      measurement: {
        mode: 'time_windows',
        intervalMs: 1000,
        requestCount: 50,
        warmupRequestCount: 0,
        stabilityPercent: 10,
        maxTrials: 10,
        maxErrorRatePercent: 1,
      },
      shapes: {},
      data: { source: 'random', paths: [], generators: {}, stringLength: 128, tolerance: { absolute: 0, relative: 0 } },
      sharedMemory: { kind: 'none' },
      seed: 0,
      wire: {
        headerNames: [],
        requestParameters: {},
        inputFormat: 'binary',
        outputFormat: 'binary',
        compression: 'none',
      },
    },
    machine: {
      platform: 'linux',
      arch: 'x64',
      cpuModel: 'Example CPU',
      logicalCpus: 2,
      memoryBytes: 8e9,
      nodeVersion: '20.19.0',
    },
    server: { kind: 'remote', url: 'localhost:8000', name: 'triton', version: '2.70.0', extensions: ['statistics'] },
    model: { name: 'm', version: '1', platform: 'onnxruntime_onnx', maxBatchSize: 8 },
    levels,
    ...change,
  };
}

/** What a running level shows of itself, in a window of three answers. */
export const viewFixture = (load: Load, window: number): LevelView => ({
  load,
  window,
  maxTrials: 10,
  elapsedMs: 1000,
  windowElapsedMs: 0,
  throughput: 3,
  requests: 3,
  answeredRequests: 3,
  failedRequests: 0,
  p99Ms: 12,
  stability: { stable: false, reason: 'too-few-windows' },
});
