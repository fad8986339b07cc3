import type { Clock } from '../../src/core/clock.js';
import { fromMs, plus } from '../../src/core/units.js';
import type { LoadEvents } from './outcome.js';
import type { PlannedLoad } from './plan-load.js';
import type { Sender } from './sender.js';
import type { SilenceWatch } from './silence.js';

/** How often a wait for answers looks whether any come. */
const lookEveryMs = 1000;

export interface WarmUpOptions {
  readonly sender: Sender;
  readonly clock: Clock;
  readonly requests: number;
  readonly silence: SilenceWatch;
}

/**
 * Holds a load for so many requests and waits for their answers, or until nobody answers for too long or `signal` aborts.
 * Nothing is recorded.
 */
export async function warmUp(
  planned: PlannedLoad,
  { sender, clock, requests, silence }: WarmUpOptions,
  signal: AbortSignal,
): Promise<void> {
  const done = new AbortController();
  let left = requests;
  const countDown = (): void => {
    left--;
    if (left === 0) done.abort();
  };
  const events: LoadEvents = {
    onSent: silence.onSent,
    onDropped: countDown,
    onOutcome: (outcome) => {
      silence.onOutcome(outcome);
      countDown();
    },
  };
  await using ready = await sender.prepare({ planned, events, limit: requests });
  const loop = ready.start(clock.now());
  const ended = AbortSignal.any([signal, silence.signal, done.signal, sender.crashed]);
  while (!ended.aborted) {
    await clock.sleepUntil(plus(clock.now(), fromMs(lookEveryMs)), ended);
    silence.look(clock.now());
  }
  await loop.stop(silence.signal.aborted ? 0 : undefined);
}
