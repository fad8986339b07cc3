import type { ClosedLoad } from '../../src/core/run.js';
import type { Nanoseconds } from '../../src/core/units.js';
import { periodicGrowth } from './growth.js';
import { type ClosedLoopOptions, keepConcurrency } from './keep-concurrency.js';
import type { LoadLoop, LoadLoopOptions } from './load-loop.js';
import type { OpenPacer } from './pacer.js';
import type { PlannedLoad } from './plan-load.js';
import { sendOnSchedule } from './send-on-schedule.js';

export interface StartLoadOptions extends LoadLoopOptions {
  readonly openPacer: OpenPacer;
}

/** A load that can start at once. */
export interface ReadyLoad extends AsyncDisposable {
  start(startAt: Nanoseconds): LoadLoop;
}

/** Gets what a load needs besides its transport, so that nothing of that is in the time that is measured. */
export async function prepareLoad(planned: PlannedLoad, options: StartLoadOptions): Promise<ReadyLoad> {
  if (!('schedule' in planned)) {
    return {
      start: () => keepConcurrency({ ...options, ...closedLoop(planned.load) }),
      [Symbol.asyncDispose]: async () => undefined,
    };
  }
  const pacer = await options.openPacer();
  return {
    start: (startAt) => {
      const { maxInFlight } = planned.load;
      return sendOnSchedule({ ...options, schedule: planned.schedule(), startAt, maxInFlight, pacer });
    },
    [Symbol.asyncDispose]: () => pacer[Symbol.asyncDispose](),
  };
}

const closedLoop = (load: ClosedLoad): Pick<ClosedLoopOptions, 'concurrency' | 'growth'> =>
  load.kind === 'concurrency' ? load : { concurrency: load.end, growth: periodicGrowth(load) };
