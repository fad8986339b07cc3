import test from 'ava';
import { heatCells, heatMap } from '../../../reports/charts/heat-map.js';
import { logTicks } from '../../../reports/charts/log-ticks.js';
import { placeWindows } from '../../../reports/charts/measured-windows.js';
import { percentileCurve } from '../../../reports/charts/percentile-plot.js';
import { renderChart } from '../../../reports/charts/render-chart.js';
import { seededRandom } from '../../../src/core/random.js';
import { busyRun } from '../../helpers/busy-run.js';
import { levelFixture, runFixture } from '../../helpers/run-fixture.js';

test('heatCells of a window have all of its requests, each at its latency', (t) => {
  const level = levelFixture({ latenciesMs: [1, 1, 1, 8, 64] });
  const cells = heatCells(placeWindows(runFixture([level])));
  t.deepEqual(
    cells.map(({ share }) => share),
    [0.6, 0.2, 0.2],
  );
  for (const [index, latency] of [1, 8, 64].entries()) {
    const { fromMs = 0, toMs = 0 } = cells[index] ?? {};
    t.true(fromMs <= latency && latency < toMs, `${latency}: ${fromMs} to ${toMs}`);
  }
});

test('heatCells joins windows when there are too many to tell apart', (t) => {
  const cells = heatCells(placeWindows(busyRun({ levels: 2, windows: 100, requests: 20 })));
  const starts = new Set(cells.map(({ fromSeconds }) => fromSeconds));
  t.is(starts.size, 67);
  for (const start of starts) {
    const column = cells.filter(({ fromSeconds }) => fromSeconds === start);
    t.true(Math.abs(column.reduce((sum, { share }) => sum + share, 0) - 1) < 1e-9);
  }
});

test('percentileCurve ends with the largest latency at the place of the last request', (t) => {
  const latenciesMs = Array.from({ length: 1000 }, (_, index) => index + 1);
  const curve = percentileCurve(levelFixture({ latenciesMs }));
  const [nines, latencyMs] = curve.at(-1) ?? [0, 0];
  t.is(nines, 3);
  t.true(Math.abs(latencyMs / 1000 - 1) < 0.001);
  const tenth = curve.find(([place]) => Math.abs(place - 1) < 1e-9)?.[1] ?? 0;
  t.true(Math.abs(tenth / 900 - 1) < 0.002);
});

test('logTicks gives every range three round numbers or more, but not many', (t) => {
  t.deepEqual(logTicks(0.4, 250), [1, 10, 100]);
  t.deepEqual(logTicks(0.9, 35), [1, 3, 10, 30]);
  t.deepEqual(logTicks(1.9, 12), [2, 5, 10]);
  t.deepEqual(logTicks(2.1, 4.5), [2.5, 3, 3.5, 4, 4.5]);
  t.deepEqual(logTicks(12.34, 12.3524), [12.34, 12.342, 12.344, 12.346, 12.348, 12.35, 12.352]);
  const random = seededRandom(3);
  for (let index = 0; index < 1000; index++) {
    const low = 10 ** (6 * random() - 3);
    const high = low * 1.001 * 10 ** (4 * random() ** 3);
    const ticks = logTicks(low, high);
    t.true(ticks.length >= 3 && ticks.length <= 8, `${low} to ${high}: ${ticks}`);
    t.true(ticks.every((tick) => tick >= low && tick <= high));
  }
});

test('heatMap labels its axis of latency at three places or more', (t) => {
  const axisLabels = (latenciesMs: readonly number[]): string[] => {
    const svg = renderChart(heatMap(runFixture([levelFixture({ latenciesMs })])), { width: 380, height: 320 });
    return [...svg.matchAll(/text-anchor="end"[^>]*>([\d.]+)<\/text>/g)].map(([, label = '']) => label);
  };
  t.deepEqual(axisLabels([7, 8, 9, 11]), ['7', '8', '9', '10', '11']);
  t.deepEqual(axisLabels([8, 8]), ['7.8', '8', '8.2']);
  t.deepEqual(axisLabels([0.4, 20, 250]), ['1', '10', '100']);
});
