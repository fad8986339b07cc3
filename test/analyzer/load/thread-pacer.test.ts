import test from 'ava';
import { openThreadPacer } from '../../../analyzer/load/thread-pacer.js';
import { systemClock } from '../../../src/core/clock.js';
import { fromMs, minus, type Nanoseconds, plus, toMs } from '../../../src/core/units.js';

test('openThreadPacer never wakes too early, in the order of the times, also for times that have passed', async (t) => {
  await using pacer = await openThreadPacer(systemClock);
  const woken = (time: Nanoseconds): Promise<number> =>
    new Promise((resolve) => pacer.wakeAt(time, () => resolve(toMs(minus(systemClock.now(), time)))));
  const late: number[] = [];
  for (let wakeUp = 0; wakeUp < 200; wakeUp++) {
    late.push(await woken(plus(systemClock.now(), fromMs(wakeUp % 2 === 0 ? 1 : -5))));
  }
  t.true(late.every((ms) => ms >= 0));
  const sorted = late.filter((_, index) => index % 2 === 0).toSorted((left, right) => left - right);
  t.true((sorted[50] ?? 1000) < 20, `median lateness ${sorted[50]} ms`); // 0.01 ms on a quiet machine
});

test('openThreadPacer a later call takes the place of an earlier one', async (t) => {
  await using pacer = await openThreadPacer(systemClock);
  const start = systemClock.now();
  const order: string[] = [];
  pacer.wakeAt(plus(start, fromMs(40)), () => order.push('replaced'));
  await new Promise<void>((resolve) => {
    pacer.wakeAt(plus(start, fromMs(20)), () => {
      order.push('kept');
      pacer.wakeAt(plus(start, fromMs(80)), () => {
        order.push('next');
        resolve();
      });
    });
  });
  t.deepEqual(order, ['kept', 'next']);
});

test('openThreadPacer ends its thread, also while it waits', async (t) => {
  const pacer = await openThreadPacer(systemClock);
  let isWoken = false;
  pacer.wakeAt(plus(systemClock.now(), fromMs(3_600_000)), () => {
    isWoken = true;
  });
  await pacer[Symbol.asyncDispose]();
  t.false(isWoken);
});
