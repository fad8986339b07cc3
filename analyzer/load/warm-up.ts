import type { Clock } from '../../src/core/clock.js';
import { ns } from '../../src/core/units.js';
import type { PlannedLoad } from './plan-load.js';
import type { Sender } from './sender.js';

const never = ns(Number.POSITIVE_INFINITY);

export interface WarmUpOptions {
  readonly sender: Sender;
  readonly clock: Clock;
  readonly requests: number;
}

/** Holds a load for so many requests and waits for their answers, or until `signal` aborts. Nothing is recorded. */
export async function warmUp(
  planned: PlannedLoad,
  { sender, clock, requests }: WarmUpOptions,
  signal: AbortSignal,
): Promise<void> {
  const done = new AbortController();
  let left = requests;
  const countDown = (): void => {
    left--;
    if (left === 0) done.abort();
  };
  const events = { onSent: () => undefined, onDropped: countDown, onOutcome: countDown };
  await using ready = await sender.prepare({ planned, events, limit: requests });
  const loop = ready.start(clock.now());
  await clock.sleepUntil(never, AbortSignal.any([signal, done.signal]));
  await loop.stop();
}
