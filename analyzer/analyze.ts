import type { Level, LoadSettings } from '../src/core/run.js';
import { levelsOf, loadAt } from './load/level-range.js';
import { type LevelOptions, type LevelPorts, measureLevel } from './measure/measure-level.js';

export interface AnalyzeOptions extends Omit<LevelOptions, 'load'> {
  readonly load: LoadSettings;
}

/**
 * Measures one load level after the other and yields each as it is done. A level over the latency limit is
 * yielded and ends the sweep; an unstable one does not. Ends early when `signal` aborts with a `StopReason`: the level
 * that it cut is yielded with what it had measured.
 */
export async function* analyze(options: AnalyzeOptions, ports: LevelPorts, signal: AbortSignal): AsyncGenerator<Level> {
  for (const value of levelsOf(options.load.range)) {
    if (signal.aborted) return;
    const level = await measureLevel({ ...options, load: loadAt(options.load, value) }, ports, signal);
    yield level;
    const isLost = !level.stability.stable && level.stability.reason === 'server-lost';
    if (level.isOverLimit || isLost) return;
  }
}
