import type { ClosedLoad, Load, LoadSettings, OpenLoad, SingleLoadSettings } from '../../src/core/run.js';
import { fixedSchedule, intervalSchedule, rateSchedule, type Schedule } from './schedule.js';

/** A load with all that is needed to hold it; each schedule starts from the beginning. */
export type PlannedLoad =
  | { readonly load: ClosedLoad }
  | { readonly load: OpenLoad; readonly schedule: () => Schedule };

/** @param settings those that the load is of */
export function planLoad(load: Load, settings: LoadSettings, seed: number): PlannedLoad {
  if (load.kind === 'concurrency' || load.kind === 'periodic-concurrency') return { load };
  return { load, schedule: () => scheduleOf(load, settings, seed) };
}

function scheduleOf(load: OpenLoad, settings: LoadSettings, seed: number): Schedule {
  if (load.kind === 'request-rate') return rateSchedule(load, seed);
  if (settings.kind === 'request-intervals') return intervalSchedule(settings.intervalsUs);
  return fixedSchedule(settings.kind === 'fixed-schedule' ? settings.timestampsMs : []);
}

/** The load of a run that has but one level. */
export function singleLoad(settings: SingleLoadSettings): Load {
  if (settings.kind === 'periodic-concurrency') return settings;
  const { kind, maxInFlight } = settings;
  return { kind, requestsPerSecond: meanRate(settings), maxInFlight };
}

function meanRate(settings: Exclude<SingleLoadSettings, { kind: 'periodic-concurrency' }>): number {
  if (settings.kind === 'request-intervals') {
    const { intervalsUs } = settings;
    return (1e6 * intervalsUs.length) / intervalsUs.reduce((sum, interval) => sum + interval, 0);
  }
  const { timestampsMs } = settings;
  return (1e3 * timestampsMs.length) / (timestampsMs.at(-1) ?? 0);
}
