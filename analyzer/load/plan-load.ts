import type {
  ClosedLoad,
  Load,
  LoadSettings,
  OpenLoad,
  RequestRateLoad,
  SingleLoadSettings,
} from '../../src/core/load.js';
import { fixedSchedule, intervalSchedule, rateSchedule, type Schedule } from './schedule.js';

/** A load with all that is needed to hold it; each schedule starts from the beginning. */
export type PlannedLoad =
  | { readonly load: ClosedLoad }
  | { readonly load: OpenLoad; readonly schedule: () => Schedule };

/** @param settings those that the load is of */
export function planLoad(load: Load, settings: LoadSettings, seed: number): PlannedLoad {
  if (load.kind !== 'request-intervals' && load.kind !== 'fixed-schedule') return planPlainLoad(load, seed);
  return { load, schedule: () => givenSchedule(settings) };
}

/** For a load that says by itself when requests are sent. */
export const planPlainLoad = (load: ClosedLoad | RequestRateLoad, seed: number): PlannedLoad =>
  load.kind === 'request-rate' ? { load, schedule: () => rateSchedule(load, seed) } : { load };

function givenSchedule(settings: LoadSettings): Schedule {
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
