import test from 'ava';
import { ns, toMs } from '../../src/core/units.js';
import { serverClock } from '../../src/server/server-clock.js';

const ms = (value: number) => ns(value * 1e6);

/** Sleeps 20 times for 3 ms; milliseconds of CPU that took. */
async function cpuOfSleeps(lateness?: number): Promise<number> {
  const before = process.cpuUsage();
  for (let sleeps = 0; sleeps < 20; sleeps++) {
    const time = ns(serverClock.now() + ms(3));
    await serverClock.sleepUntil(time, undefined, lateness === undefined ? undefined : ms(lateness));
    if (serverClock.now() < time) throw new Error('woke early');
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

test.serial('serverClock polls the last millisecond, but not for who can wait two more', async (t) => {
  const polled = await cpuOfSleeps();
  const patient = await cpuOfSleeps(2);
  t.true(patient < polled / 2, `${patient} ms of CPU, ${polled} with polling`);
});

test('serverClock wakes a sleeper whose signal is aborted', async (t) => {
  const start = serverClock.now();
  await serverClock.sleepUntil(ns(start + ms(60_000)), AbortSignal.timeout(10), ms(2));
  t.true(toMs(ns(serverClock.now() - start)) < 30_000);
});
