import test from 'ava';
import { systemClock } from '../../src/core/clock.js';
import { fromMs, plus } from '../../src/core/units.js';

test('systemClock sleepUntil never returns early', async (t) => {
  for (const ms of [0.2, 1, 3.7]) {
    const end = plus(systemClock.now(), fromMs(ms));
    await systemClock.sleepUntil(end);
    t.true(systemClock.now() >= end, `${ms} ms`);
  }
});

test('systemClock sleepUntil yields a turn even when it is late', async (t) => {
  let turns = 0;
  setImmediate(() => turns++);
  await systemClock.sleepUntil(systemClock.now());
  t.is(turns, 1);
});

test('systemClock sleepUntil ends at the abort', async (t) => {
  const controller = new AbortController();
  setImmediate(() => controller.abort());
  await systemClock.sleepUntil(plus(systemClock.now(), fromMs(3_600_000)), controller.signal);
  t.pass();
});
