import { createLatencyRecorder } from '../../analyzer/measure/latency-recorder.js';
import { summarise } from '../../analyzer/measure/summarise.js';
import type { Level, Measured, Run, ServerSplit, Stability } from '../../src/core/run.js';
import { fromMs, ns } from '../../src/core/units.js';

interface LevelFixture {
  readonly concurrency: number;
  /** Latencies of the requests of one second, in ms. */
  readonly latenciesMs: readonly number[];
  readonly stability?: Stability;
  readonly isOverLimit?: boolean;
  readonly server?: ServerSplit;
  readonly failures?: Level['failures'];
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
  const measured: Measured = summarise(
    {
      startedAt: ns(0),
      endedAt: fromMs(1000),
      latencies,
      failedRequests: options.failures?.reduce((sum, failure) => sum + failure.count, 0) ?? 0,
      sendTime: fromMs(0.5 * count),
      receiveTime: fromMs(0.25 * count),
    },
    options.server,
    { batchSize: 1, percentiles: [50, 90, 95, 99, 99.9] },
  );
  return {
    load: { kind: 'concurrency', concurrency: options.concurrency },
    stability: options.stability ?? { stable: true },
    isOverLimit: options.isOverLimit ?? false,
    summary: measured,
    summarisedWindows: 1,
    windows: [{ index: 0, startMs: 0, ...measured }],
    failures: options.failures ?? [],
  };
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
      concurrency: { start: 1, end: 2, step: 1 },
      measurement: { mode: 'time_windows', intervalMs: 1000, requestCount: 50, stabilityPercent: 10, maxTrials: 10 },
      shapes: {},
      seed: 0,
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
