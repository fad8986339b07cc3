import type { Level, MeasurementSettings } from '../src/core/run.js';
import { type ConcurrencyRange, concurrencyLevels } from './load/concurrency-range.js';
import { type LevelPorts, measureLevel } from './measure/measure-level.js';

export interface AnalyzeOptions {
  readonly concurrency: ConcurrencyRange;
  readonly batchSize: number;
  /** How many prepared requests the transport was given. */
  readonly requestCount: number;
  readonly measurement: MeasurementSettings;
  readonly latencyLimitMs?: number;
  /** How long a level waits for the last answers. */
  readonly drainLimitMs: number;
}

/**
 * Measures one concurrency level after the other and yields each as it is done. A level over the latency limit is
 * yielded and ends the sweep; an unstable one does not. Ends early when `signal` aborts with a `StopReason`: the level
 * that it cut is yielded with what it had measured.
 */
export async function* analyze(options: AnalyzeOptions, ports: LevelPorts, signal: AbortSignal): AsyncGenerator<Level> {
  for (const concurrency of concurrencyLevels(options.concurrency)) {
    if (signal.aborted) return;
    const { batchSize, requestCount, measurement, drainLimitMs, latencyLimitMs } = options;
    const level = await measureLevel(
      {
        load: { kind: 'concurrency', concurrency },
        batchSize,
        requestCount,
        measurement,
        drainLimitMs,
        ...(latencyLimitMs === undefined ? {} : { latencyLimitMs }),
      },
      ports,
      signal,
    );
    yield level;
    const isLost = !level.stability.stable && level.stability.reason === 'server-lost';
    if (level.isOverLimit || isLost) return;
  }
}
