import type { LoadSettings } from '../src/core/load.js';
import { isSwept } from '../src/core/load-name.js';
import type { Level } from '../src/core/run.js';
import { kneeSweep } from './limits/knee.js';
import { maxRateSweep } from './limits/max-rate.js';
import { planLoad } from './load/plan-load.js';
import { type Sweep, sweepOf } from './load/sweep.js';
import { type LevelOptions, type LevelPorts, measureLevel } from './measure/measure-level.js';

export interface AnalyzeOptions extends Omit<LevelOptions, 'planned'> {
  readonly load: LoadSettings;
  /** Of everything random in the load. */
  readonly seed: number;
}

/**
 * Measures one load level after the other and yields each as it is done, also those over the latency limit and the unstable
 * ones. Ends early when the server is lost or silent, or `signal` aborts with a `StopReason`: the level that it cut is yielded with
 * what it had measured.
 */
export async function* analyze(options: AnalyzeOptions, ports: LevelPorts, signal: AbortSignal): AsyncGenerator<Level> {
  const sweep = sweepFor(options);
  let seed = options.seed;
  for (let step = sweep.next(); !step.done && !signal.aborted; ) {
    const planned = planLoad(step.value, options.load, seed);
    const level = await measureLevel({ ...options, planned }, ports, signal);
    yield level;
    const { stability, verdict, isOverLimit } = level;
    if (!stability.stable && (stability.reason === 'server-lost' || stability.reason === 'no-answer')) return;
    if (level.probe !== undefined) seed++; // probes of one rate must not repeat the same arrivals
    step = sweep.next({ isWithinLimit: !isOverLimit, isSound: stability.stable && verdict.kind !== 'invalid', level });
  }
}

function sweepFor({ load, measurement: { maxRate } }: AnalyzeOptions): Sweep {
  if (isSwept(load) && load.search === 'knee') return kneeSweep(load);
  return maxRate === undefined || !isSwept(load) ? sweepOf(load) : maxRateSweep(load, maxRate);
}
