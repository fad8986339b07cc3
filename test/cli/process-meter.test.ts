import test from 'ava';
import { startProcessMeter } from '../../src/cli/process-meter.js';

test.serial('startProcessMeter sees CPU time, a busy event loop and garbage collection', async (t) => {
  using meter = startProcessMeter();
  const end = performance.now() + 800;
  let kept: unknown[] = [];
  while (performance.now() < end) {
    const turnEnds = performance.now() + 120;
    while (performance.now() < turnEnds) kept = Array.from({ length: 10_000 }, (_, index) => ({ index }));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const { cpuMs, cpuCores, busyShare, loopDelay, gc } = await meter.read();
  t.is(kept.length, 10_000);
  t.true(cpuMs > 10 && cpuCores > 0.01, `${cpuMs} ms, ${cpuCores} cores`);
  t.true(busyShare > 0.5 && busyShare <= 1, `${busyShare}`);
  t.true(loopDelay.maxMs >= 10 && loopDelay.p99Ms <= loopDelay.maxMs + 0.1, JSON.stringify(loopDelay));
  t.true(gc.count > 0 && gc.totalMs >= gc.longestMs, JSON.stringify(gc));
  const { pauses = [], longestMs } = gc;
  t.true(pauses.length <= 50 && pauses.every(({ atMs, durationMs }) => atMs >= 0 && durationMs >= 1));
  t.deepEqual(
    pauses.map(({ atMs }) => atMs),
    pauses.map(({ atMs }) => atMs).sort((left, right) => left - right),
  );
  const longest = Math.max(0, ...pauses.map(({ durationMs }) => durationMs));
  t.is(longest, longestMs >= 1 ? longestMs : 0);
});

test.serial('startProcessMeter of an idle process is not busy', async (t) => {
  using meter = startProcessMeter();
  await new Promise((resolve) => setTimeout(resolve, 200));
  t.true((await meter.read()).busyShare < 0.8);
});
