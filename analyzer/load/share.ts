import type { Load } from '../../src/core/load.js';
import type { PlannedLoad } from './plan-load.js';
import type { Schedule } from './schedule.js';

/** A part of a load that several senders hold together: those at `index`, `index + of`, `index + 2 of` ... */
export interface Share {
  readonly index: number;
  readonly of: number;
}

/** Of a load that one sender holds alone. */
export const whole: Share = { index: 0, of: 1 };

/** How much of a number falls to a share: all shares together are the number, and differ by 1 at the most. */
export const shareOf = (total: number, { index, of }: Share): number => Math.max(0, Math.ceil((total - index) / of));

/** How many senders can have a part in a load. */
export function largestSplit(load: Load): number {
  if ('maxInFlight' in load) return load.maxInFlight;
  return load.kind === 'concurrency' ? load.concurrency : 1;
}

/**
 * What one of several senders holds. The schedules of all shares together are the whole one, whatever the share of the
 * requests in flight.
 *
 * @throws RangeError for a load that cannot be spread
 */
export function shareOfLoad(planned: PlannedLoad, share: Share): PlannedLoad {
  if (share.of === 1) return planned;
  if ('schedule' in planned) {
    const { load, schedule } = planned;
    return {
      load: { ...load, maxInFlight: shareOf(load.maxInFlight, share) },
      schedule: () => shareOfSchedule(schedule(), share),
    };
  }
  const { load } = planned;
  if (load.kind !== 'concurrency') throw new RangeError(`a load of kind ${load.kind} cannot be spread`);
  return { load: { ...load, concurrency: shareOf(load.concurrency, share) } };
}

function shareOfSchedule(schedule: Schedule, { index, of }: Share): Schedule {
  let toSkip = index;
  return () => {
    for (; toSkip > 0; toSkip--) schedule();
    toSkip = of - 1;
    return schedule();
  };
}
