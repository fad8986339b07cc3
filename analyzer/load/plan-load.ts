import type { ConcurrencyLoad, Load, LoadSettings, OpenLoad } from '../../src/core/run.js';
import { intervalSchedule, rateSchedule, type Schedule } from './schedule.js';

/** A load with all that is needed to hold it; each schedule starts from the beginning. */
export type PlannedLoad =
  | { readonly load: ConcurrencyLoad }
  | { readonly load: OpenLoad; readonly schedule: () => Schedule };

/** @param settings those that the load is of */
export function planLoad(load: Load, settings: LoadSettings, seed: number): PlannedLoad {
  switch (load.kind) {
    case 'concurrency':
      return { load };
    case 'request-rate':
      return { load, schedule: () => rateSchedule(load, seed) };
    case 'request-intervals': {
      const intervalsUs = settings.kind === 'request-intervals' ? settings.intervalsUs : [];
      return { load, schedule: () => intervalSchedule(intervalsUs) };
    }
  }
}
