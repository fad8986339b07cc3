import { ns } from '../../src/core/units.js';
import type { PlannedLoad } from './plan-load.js';
import { prepareLoad, type StartLoadOptions } from './start-load.js';

const never = ns(Number.POSITIVE_INFINITY);

/** Holds a load for `requests` requests and waits for their answers, or until `signal` aborts. Nothing is recorded. */
export async function warmUp(
  planned: PlannedLoad,
  requests: number,
  options: Omit<StartLoadOptions, 'events' | 'limit'>,
  signal: AbortSignal,
): Promise<void> {
  const done = new AbortController();
  let left = requests;
  const countDown = (): void => {
    left--;
    if (left === 0) done.abort();
  };
  const events = { onSent: () => undefined, onDropped: countDown, onOutcome: countDown };
  await using ready = await prepareLoad(planned, { ...options, events, limit: requests });
  const loop = ready.start(options.clock.now());
  await options.clock.sleepUntil(never, AbortSignal.any([signal, done.signal]));
  await loop.stop();
}
