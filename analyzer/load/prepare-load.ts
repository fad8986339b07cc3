import type { ClosedLoad } from '../../src/core/load.js';
import { periodicGrowth } from './growth.js';
import { type ClosedLoopOptions, keepConcurrency } from './keep-concurrency.js';
import type { LoadLoopOptions } from './load-loop.js';
import type { OpenPacer } from './pacer.js';
import { sendOnSchedule } from './send-on-schedule.js';
import type { LoadOrder, ReadyLoad } from './sender.js';

/** What every load of a thread needs, whatever it is. */
export interface PrepareLoadOptions
  extends Omit<LoadLoopOptions, 'events' | 'limit'>,
    Pick<ClosedLoopOptions, 'takeTurn'> {
  readonly openPacer: OpenPacer;
}

/** Gets what a load needs besides its transport, so that nothing of that is in the time that is measured. */
export async function prepareLoad(order: LoadOrder, options: PrepareLoadOptions): Promise<ReadyLoad> {
  const { planned, events, limit } = order;
  if (!('schedule' in planned)) {
    return {
      start: () => keepConcurrency({ ...options, events, limit, ...closedLoop(planned.load) }),
      [Symbol.asyncDispose]: async () => undefined,
    };
  }
  const pacer = await options.openPacer();
  return {
    start: (startAt) => {
      const { maxInFlight } = planned.load;
      return sendOnSchedule({ ...options, events, limit, schedule: planned.schedule(), startAt, maxInFlight, pacer });
    },
    [Symbol.asyncDispose]: () => pacer[Symbol.asyncDispose](),
  };
}

const closedLoop = (load: ClosedLoad): Pick<ClosedLoopOptions, 'concurrency' | 'growth'> =>
  load.kind === 'concurrency' ? load : { concurrency: load.end, growth: periodicGrowth(load) };
