import test from 'ava';
import { heatCells } from '../../../reports/charts/heat-map.js';
import { placeWindows } from '../../../reports/charts/measured-windows.js';
import { percentileCurve } from '../../../reports/charts/percentile-plot.js';
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
