import v8 from 'node:v8';
import vm from 'node:vm';
import test from 'ava';
import { createWindowSeries, type WindowRule, type WindowSeries } from '../../../analyzer/measure/window-series.js';
import { fromMs, toMs } from '../../../src/core/units.js';

const answer = (series: WindowSeries, sentMs: number, lastMs: number, intendedMs = sentMs): void =>
  series.onOutcome({
    request: 0,
    intendedAt: fromMs(intendedMs),
    sentAt: fromMs(sentMs),
    handedAt: fromMs(sentMs + 1),
    firstAt: fromMs(lastMs - 1),
    lastAt: fromMs(lastMs),
    failure: undefined,
    responseTimes: [],
    outputTexts: [],
  });
const failed = (series: WindowSeries, atMs: number): void => {
  const at = fromMs(atMs);
  const failure = { code: 'http 503', message: 'busy' } as const;
  series.onOutcome({
    request: 0,
    intendedAt: at,
    sentAt: at,
    handedAt: at,
    firstAt: at,
    lastAt: at,
    failure,
    responseTimes: [],
    outputTexts: [],
  });
};

function setUp(rule: WindowRule, isPaced = false) {
  const closedAtMs: number[] = [];
  const series = createWindowSeries({
    rule,
    startedAt: fromMs(1000),
    isPaced,
    onClose: (window) => closedAtMs.push(toMs(window.endedAt)),
  });
  return { series, closedAtMs };
}
const everySecond: WindowRule = { kind: 'time', interval: fromMs(1000) };

test('createWindowSeries puts an answer into the window in which it was complete', (t) => {
  const { series, closedAtMs } = setUp(everySecond);
  answer(series, 1100, 1999);
  answer(series, 1500, 2000);
  answer(series, 1500, 3500);
  t.deepEqual(closedAtMs, [2000, 3000]);
  t.deepEqual(
    [...series.closed, series.current].map((window) => window.latencies.count),
    [1, 1, 1],
  );
});

test('createWindowSeries windows adjoin and have exactly the length that was asked for', (t) => {
  const { series } = setUp(everySecond);
  series.advance(fromMs(4321));
  t.deepEqual(
    series.closed.map(({ startedAt, endedAt }) => [toMs(startedAt), toMs(endedAt)]),
    [
      [1000, 2000],
      [2000, 3000],
      [3000, 4000],
    ],
  );
});

test('createWindowSeries count windows end with their last answer, failed ones included', (t) => {
  const { series, closedAtMs } = setUp({ kind: 'count', requests: 3 });
  answer(series, 1000, 1200);
  failed(series, 1300);
  answer(series, 1200, 1450);
  answer(series, 1450, 1700);
  t.deepEqual(closedAtMs, [1450]);
  t.is(series.closed[0]?.latencies.count, 2);
  t.is(series.closed[0]?.failedRequests, 1);
  t.is(toMs(series.current.startedAt), 1450);
});

test('createWindowSeries sums send and receive times of valid answers only', (t) => {
  const { series } = setUp(everySecond);
  answer(series, 1100, 1200);
  answer(series, 1200, 1300);
  failed(series, 1400);
  t.is(toMs(series.current.sendTime), 2);
  t.is(toMs(series.current.receiveTime), 2);
});

test('createWindowSeries finish keeps the cut window only when told so, and records nothing more', (t) => {
  const kept = setUp(everySecond);
  answer(kept.series, 1100, 1200);
  kept.series.finish(fromMs(1500), true);
  answer(kept.series, 1600, 1700);
  t.deepEqual(
    kept.series.closed.map(({ endedAt, latencies }) => [toMs(endedAt), latencies.count]),
    [[1500, 1]],
  );
  const dropped = setUp(everySecond);
  answer(dropped.series, 1100, 1200);
  dropped.series.finish(fromMs(1500), false);
  t.is(dropped.series.closed.length, 0);
});

test('createWindowSeries of an open loop counts from the intended time, and keeps service time and lag apart', (t) => {
  const { series } = setUp(everySecond, true);
  series.onSent(fromMs(1100), fromMs(1140), 0);
  answer(series, 1140, 1200, 1100);
  const { latencies, paced } = series.current;
  t.is(toMs(latencies.mean()), 100);
  t.is(toMs(paced?.serviceTimes.mean() ?? fromMs(0)), 60);
  t.is(toMs(paced?.sendLags.mean() ?? fromMs(0)), 40);
});

test('createWindowSeries of an open loop counts a request as intended where it was due, and as sent where it left', (t) => {
  const { series } = setUp(everySecond, true);
  series.onSent(fromMs(1500), fromMs(1500), 0);
  series.onSent(fromMs(1900), fromMs(2100), 0);
  series.onDropped(fromMs(1950), 0);
  series.onDropped(fromMs(2050), 0);
  const counts = [...series.closed, series.current].map(({ paced }) => [
    paced?.intended,
    paced?.sendLags.count,
    paced?.dropped,
  ]);
  t.deepEqual(counts, [
    [3, 1, 1],
    [1, 1, 1],
  ]);
  series.finish(fromMs(2500), false);
  series.onDropped(fromMs(1990), 0);
  series.onDropped(fromMs(2400), 0);
  t.is(series.closed[0]?.paced?.dropped, 2);
});

test('createWindowSeries keeps hundreds of windows in little memory, with all that was measured in them', async (t) => {
  v8.setFlagsFromString('--expose-gc');
  const collect: () => void = vm.runInNewContext('gc');
  const bytesHeld = (): number => {
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const before = bytesHeld();
  const { series } = setUp(everySecond, true);
  for (let index = 0; index < 600; index++) {
    const at = 1000 + 1000 * index;
    series.onSent(fromMs(at), fromMs(at + 1), 0);
    for (let ms = 1; ms < 900; ms += 3) answer(series, at + 1, at + ms + 1, at);
  }
  series.advance(fromMs(601_000));
  t.is(series.closed.length, 600);
  // Of each window 601 counts in some 3 bytes, 1 MiB together, and four whole ones; as histograms they were 237 MiB.
  const grownMiB = () => (bytesHeld() - before) / 2 ** 20;
  for (let patience = 50; patience > 0 && grownMiB() > 8; patience--) {
    await new Promise((resolve) => setTimeout(resolve, 20)); // what is let go of is given back on other threads
  }
  t.true(grownMiB() <= 8, `${grownMiB()} MiB`);
  for (const index of [0, 300, 599]) {
    const { latencies, paced } = series.closed[index] ?? series.current;
    t.is(latencies.count, 300);
    t.true(Math.abs(toMs(latencies.percentile(50)) / 449 - 1) < 0.001);
    t.is(toMs(paced?.sendLags.percentile(99) ?? fromMs(0)), 1);
  }
});
