import test from 'ava';
import { createWindowSeries, type WindowRule, type WindowSeries } from '../../../analyzer/measure/window-series.js';
import { fromMs, toMs } from '../../../src/core/units.js';

const answer = (series: WindowSeries, sentMs: number, lastMs: number): void =>
  series.record(fromMs(sentMs), fromMs(sentMs + 1), fromMs(lastMs - 1), fromMs(lastMs), undefined);
const failed = (series: WindowSeries, atMs: number): void =>
  series.record(fromMs(atMs), fromMs(atMs), fromMs(atMs), fromMs(atMs), { code: 'http 503', message: 'busy' });

function setUp(rule: WindowRule) {
  const closedAtMs: number[] = [];
  const series = createWindowSeries(rule, fromMs(1000), (window) => closedAtMs.push(toMs(window.endedAt)));
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
