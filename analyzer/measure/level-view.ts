import type { Load } from '../../src/core/load.js';
import type { ServerSplit, Stability } from '../../src/core/run.js';
import { minus, type Nanoseconds, toMs } from '../../src/core/units.js';
import { type LatencyShape, latencyShape } from './latency-shape.js';
import { throughputOf } from './summarise.js';
import type { WindowSeries } from './window-series.js';

/** How far a running level is: what live progress shows. */
export interface LevelView {
  readonly load: Load;
  /** The window that is being filled, from 1. */
  readonly window: number;
  readonly maxTrials: number;
  readonly elapsedMs: number;
  readonly windowElapsedMs: number;
  /** Of the window so far; of the one before while the new one is empty. */
  readonly throughput: number;
  readonly requests: number;
  /** Of the level so far. */
  readonly answeredRequests: number;
  /** Of the level so far. */
  readonly failedRequests: number;
  readonly p99Ms: number | undefined;
  /** Of the same window as the throughput. */
  readonly latency?: LatencyShape | undefined;
  /** Of the windows that are closed; absent before the first, and where the server does not say. */
  readonly server?: ServerSplit | undefined;
  readonly stability: Stability;
}

export interface ViewSource {
  readonly load: Load;
  readonly batchSize: number;
  readonly maxTrials: number;
  readonly series: WindowSeries;
  readonly server: ServerSplit | undefined;
  readonly stability: Stability;
  readonly startedAt: Nanoseconds;
  readonly now: Nanoseconds;
}

export function levelView({
  load,
  batchSize,
  maxTrials,
  series,
  server,
  stability,
  startedAt,
  now,
}: ViewSource): LevelView {
  const { current, closed } = series;
  const unfinished = { ...current, endedAt: now };
  const shown = current.latencies.count > 0 ? unfinished : (closed.at(-1) ?? unfinished);
  const latency = latencyShape(shown.latencies);
  return {
    load,
    window: closed.length + 1,
    maxTrials,
    elapsedMs: toMs(minus(now, startedAt)),
    windowElapsedMs: toMs(minus(now, current.startedAt)),
    throughput: throughputOf(shown, batchSize),
    requests: shown.latencies.count,
    answeredRequests: current.latencies.count + closed.reduce((sum, { latencies }) => sum + latencies.count, 0),
    failedRequests: current.failedRequests + closed.reduce((sum, window) => sum + window.failedRequests, 0),
    p99Ms: latency?.percentilesMs['99'],
    latency,
    server,
    stability,
  };
}
