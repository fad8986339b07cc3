import type { Load } from '../../src/core/run.js';
import type { Nanoseconds } from '../../src/core/units.js';
import { keepConcurrency } from './keep-concurrency.js';
import type { LoadLoop, LoadLoopOptions } from './load-loop.js';
import type { OpenPacer } from './pacer.js';
import { rateSchedule } from './schedule.js';
import { sendOnSchedule } from './send-on-schedule.js';

export interface StartLoadOptions extends LoadLoopOptions {
  readonly seed: number;
  readonly openPacer: OpenPacer;
}

/** A load that can start at once. */
export interface ReadyLoad extends AsyncDisposable {
  start(startAt: Nanoseconds): LoadLoop;
}

/** Gets what a load needs besides its transport, so that nothing of that is in the time that is measured. */
export async function prepareLoad(load: Load, options: StartLoadOptions): Promise<ReadyLoad> {
  if (load.kind === 'concurrency') {
    return {
      start: () => keepConcurrency({ ...options, concurrency: load.concurrency }),
      [Symbol.asyncDispose]: async () => undefined,
    };
  }
  const pacer = await options.openPacer();
  return {
    start: (startAt) => {
      const schedule = rateSchedule(load, options.seed);
      return sendOnSchedule({ ...options, schedule, startAt, maxInFlight: load.maxInFlight, pacer });
    },
    [Symbol.asyncDispose]: () => pacer[Symbol.asyncDispose](),
  };
}
