import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { Page } from 'playwright-core';
import { compareRuns } from '../../../analyzer/compare/compare-runs.js';
import { judgeHistory } from '../../../analyzer/history/judge-history.js';
import { formatComparisonHtml } from '../../../reports/html/comparison-page.js';
import { formatHtml } from '../../../reports/html/run-page.js';
import { formatSearchHtml } from '../../../reports/html/search-page.js';
import { formatTrends } from '../../../reports/html/trend-page.js';
import type { Comparison } from '../../../src/core/comparison.js';
import { seededRandom } from '../../../src/core/random.js';
import { openBrowser } from '../../helpers/browser.js';
import { busyRun } from '../../helpers/busy-run.js';
import { simulatedRun } from '../../helpers/noisy-runs.js';
import { searchFixture } from '../../helpers/search-fixture.js';
import { historyOptions, nights } from '../../helpers/simulated-nights.js';

const run = busyRun({ levels: 6, windows: 5, requests: 300, modelName: '<script>alert(1)</script>' });

interface PageFile extends AsyncDisposable {
  readonly path: string;
}

function pageFile(markup = formatHtml([run])): PageFile {
  const folder = mkdtempSync(join(tmpdir(), 'perf-analyze-page-'));
  const path = join(folder, 'report.html');
  writeFileSync(path, markup);
  return { path, [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true }) };
}

interface SeenPoint {
  readonly level: number;
  readonly x: number;
  readonly y: number;
  readonly left: number;
  readonly top: number;
}

/** The points of a chart that are seen: what they say, and where they are. */
const pointsOf = (page: Page, chart: string): Promise<SeenPoint[]> =>
  page.locator(`#chart-${chart} .point:visible`).evaluateAll((points) =>
    points.map((point) => {
      const place = point.getBoundingClientRect();
      const numberOf = (name: string): number => Number(point.getAttribute(`data-${name}`));
      return {
        level: numberOf('level'),
        x: numberOf('x'),
        y: numberOf('y'),
        left: place.left + place.width / 2,
        top: place.top + place.height / 2,
      };
    }),
  );

/** How far the places of values lie from a straight line, in pixels. */
function offLine(pairs: readonly (readonly [value: number, place: number])[]): number {
  const [low, high] = [pairs.reduce((a, b) => (b[0] < a[0] ? b : a)), pairs.reduce((a, b) => (b[0] > a[0] ? b : a))];
  const slope = (high[1] - low[1]) / (high[0] - low[0]);
  return Math.max(...pairs.map(([value, place]) => Math.abs(low[1] + slope * (value - low[0]) - place)));
}

test('the page of a run shows every level where it belongs, asks for nothing and complains of nothing', async (t) => {
  await using browser = await openBrowser(t);
  if (browser === undefined) return;
  await using file = pageFile();
  for (const width of [1400, 420]) {
    for (const hasScript of [true, false]) {
      const { page, complaints } = await browser.open(file.path, { width, hasScript });
      const points = await pointsOf(page, 'load-curve');
      const expected = [50, 90, 99].flatMap((percent) =>
        run.levels.map(({ summary }, level) => [level, summary.throughput, summary.latency?.percentilesMs[percent]]),
      );
      t.deepEqual(
        points.map(({ level, x, y }) => [level, x, y]),
        expected,
      );
      t.true(offLine(points.map(({ x, left }) => [x, left])) < 1, `x at ${width}`);
      t.true(offLine(points.map(({ y, top }) => [Math.log(y), top])) < 1, `y at ${width}`);
      const windows = await pointsOf(page, 'timeline');
      t.deepEqual(
        windows.map(({ x, y }) => [x, y]),
        run.levels.flatMap((level, index) =>
          level.windows.map((each, place) => [5 * index + place + 1, each.throughput]),
        ),
      );
      t.true(offLine(windows.map(({ x, left }) => [x, left])) < 1, `time at ${width}`);
      t.true(offLine(windows.map(({ y, top }) => [y, top])) < 1, `throughput at ${width}`);
      t.is(await page.locator('svg:visible').count(), 6);
      t.true(
        await page.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth'),
        `overflow at ${width}`,
      );
      t.is(
        await page.locator('h1').textContent(),
        '<script>alert(1)</script> version 1 (onnxruntime_onnx), batch 1, over HTTP',
      );
      t.deepEqual(complaints, []);
      await page.close();
    }
  }
});

test('the stacked bars of a level are as high as its parts', async (t) => {
  await using browser = await openBrowser(t);
  if (browser === undefined) return;
  await using file = pageFile();
  const { page } = await browser.open(file.path);
  const bars = await page
    .locator('#chart-server-stack .wide .point')
    .evaluateAll((elements) =>
      elements.map((bar): [number, number] => [Number(bar.getAttribute('data-y')), bar.getBoundingClientRect().height]),
    );
  const parts = ['queueMs', 'computeInputMs', 'computeInferMs', 'computeOutputMs', 'overheadMs'] as const;
  t.is(bars.length, (parts.length + 1) * run.levels.length);
  t.deepEqual(
    bars.slice(0, -run.levels.length).map(([value]) => value),
    parts.flatMap((part) => run.levels.map(({ summary }) => summary.server?.[part])),
  );
  t.true(offLine(bars) < 1);
});

test('the script shows figures to mouse and keyboard, sorts tables, and changes the theme', async (t) => {
  await using browser = await openBrowser(t);
  if (browser === undefined) return;
  await using file = pageFile();
  const { page, complaints } = await browser.open(file.path, { isDark: true });
  const tip = page.locator('#tip');
  await page.locator('#chart-load-curve .wide .point').nth(2).focus();
  t.regex((await tip.textContent()) ?? '', /^concurrency 3: 500 infer\/s, p50 /);
  await page.keyboard.press('Escape');
  t.false(await tip.isVisible());
  await page.locator('#chart-load-curve .wide .point').nth(4).hover();
  t.true(await tip.isVisible());

  const stops = await page
    .locator('.chart .wide svg')
    .evaluateAll((charts) => charts.map((chart) => chart.querySelectorAll('.point[tabindex="0"]').length));
  t.true(stops.length > 4 && stops.every((count) => count <= 1), `stops of the tab key: ${stops}`);
  await page.locator('#chart-load-curve .wide .point[tabindex="0"]').focus();
  await page.keyboard.press('ArrowRight');
  t.regex((await tip.textContent()) ?? '', /^concurrency 2: /);

  const levels = page.locator('#table-latency tbody th');
  const heading = page.locator('#table-latency thead button').nth(1);
  await heading.focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  t.deepEqual(await levels.allTextContents(), ['6', '5', '4', '3', '2', '1']);

  const paper = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
  const dark = await paper();
  await page.locator('#theme').click();
  t.not(await paper(), dark);
  t.deepEqual(complaints, []);
});

test('a name of 200 letters widens no page', async (t) => {
  await using browser = await openBrowser(t);
  if (browser === undefined) return;
  const name = 'm'.repeat(200);
  const model = { ...run.model, name, config: { name } };
  await using file = pageFile(formatHtml([{ ...run, model, settings: { ...run.settings, modelName: name } }]));
  for (const width of [1400, 420]) {
    const { page } = await browser.open(file.path, { width });
    t.true((await page.evaluate<number>('document.documentElement.scrollWidth')) <= width, `at ${width}`);
  }
});

test('a run, a search and a comparison fit on paper, dark or light', async (t) => {
  await using browser = await openBrowser(t);
  if (browser === undefined) return;
  const width = 718; // A4 less the margins of a browser
  const parts = run.levels.map((level) => ({ ...level, models: ['a', 'b'].map((name) => ({ ...level, name })) }));
  const models = ['a', 'b'].map((name) => ({ ...run.model, name }));
  const pages = [formatHtml([run]), formatHtml([{ ...run, levels: parts, models }]), formatSearchHtml(searchFixture())];
  for (const markup of [...pages, formatComparisonHtml(comparison())]) {
    await using file = pageFile(markup);
    const { page } = await browser.open(file.path, { width, isDark: true });
    await page.emulateMedia({ media: 'print' });
    t.true((await page.evaluate<number>('document.documentElement.scrollWidth')) <= width);
    t.is(await page.evaluate<string>('getComputedStyle(document.body).backgroundColor'), 'rgb(255, 255, 255)');
    t.is(await page.locator('.chart .narrow:visible').count(), 0);
    await page.close();
  }
});

test('a table is downloaded as CSV with all digits, without a script', async (t) => {
  await using browser = await openBrowser(t);
  if (browser === undefined) return;
  await using file = pageFile();
  const { page } = await browser.open(file.path, { hasScript: false });
  const download = page.waitForEvent('download');
  await page.locator('#table-latency a.csv').click();
  const text = readFileSync(await (await download).path(), 'utf8');
  const [head = '', first = ''] = text.split('\n');
  t.true(head.startsWith('concurrency,throughput (infer/s),mean latency (ms)'));
  t.deepEqual(
    [Number(first.split(',')[1])],
    run.levels.slice(0, 1).map(({ summary }) => summary.throughput),
  );
});

function comparison(): Comparison {
  const random = seededRandom(2);
  const [base, next] = [1, 1.1].map((shift) => Array.from({ length: 4 }, () => simulatedRun(random, 0.02, shift)));
  return {
    base: ['<b>base</b>.json'],
    next: ['new.json'],
    title: '<script>m</script>',
    replication: 'runs',
    runNoisePercent: 0,
    confidencePercent: 99.5,
    differences: [],
    changes: compareRuns(base ?? [], next ?? [], { thresholds: [], sameWithin: 0.05, falseAlarms: 0.005, runNoise: 0 }),
  };
}

test('the page of a comparison shows every change where it belongs, with and without a script', async (t) => {
  await using browser = await openBrowser(t);
  if (browser === undefined) return;
  const compared = comparison();
  await using file = pageFile(formatComparisonHtml(compared));
  for (const width of [1400, 420]) {
    for (const hasScript of [true, false]) {
      const { page, complaints } = await browser.open(file.path, { width, hasScript });
      const points = await pointsOf(page, 'changes');
      t.deepEqual(
        points.map(({ x }) => x),
        compared.changes.map(({ ratio = Number.NaN }) => 100 * (ratio - 1)),
      );
      t.true(offLine(points.map(({ x, left }) => [x, left])) < 1, `x at ${width}`);
      t.is(await page.locator('h1').textContent(), '<script>m</script>');
      t.true(await page.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth'));
      t.deepEqual(complaints, []);
      await page.close();
    }
  }
});

test('the page of a history shows every run of every figure where it belongs, with and without a script', async (t) => {
  await using browser = await openBrowser(t);
  if (browser === undefined) return;
  const shiftAt = (night: number): number => (night < 30 ? 1 : 1.1);
  const entries = nights({ random: seededRandom(4), noise: 0.02, count: 36, shiftAt });
  const named = entries.map((entry) => ({ ...entry, title: '<script>m</script>', label: '<b>commit</b>' }));
  const history = judgeHistory(named, historyOptions);
  const trends = history.groups.flatMap((group) => group.trends);
  t.is(trends.length, 4);
  await using file = pageFile(formatTrends(history));
  for (const width of [1400, 420]) {
    for (const hasScript of [true, false]) {
      const { page, complaints } = await browser.open(file.path, { width, hasScript });
      for (const [place, { metric, points }] of trends.entries()) {
        const seen = await pointsOf(page, `trend1-${place + 1}`);
        t.deepEqual(
          seen.map(({ x, y }) => [x, y]),
          points.map(({ run: night, value }) => [night, value]),
          metric,
        );
        t.true(offLine(seen.map(({ x, left }) => [x, left])) < 1, `x at ${width}`);
        t.true(offLine(seen.map(({ y, top }) => [y, top])) < 1, `y at ${width}`);
      }
      t.regex((await page.locator('.verdict').textContent()) ?? '', /^Regression: 4 of 4 figures, first bad run 2026-/);
      t.is(await page.locator('h1').textContent(), '<script>m</script>');
      t.true(
        await page.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth'),
        `overflow at ${width}`,
      );
      t.deepEqual(complaints, []);
      await page.close();
    }
  }
});

test('the page of a search shows every measurement where it belongs, with and without a script', async (t) => {
  await using browser = await openBrowser(t);
  if (browser === undefined) return;
  const result = searchFixture();
  const measured = result.trials.flatMap((trial, index) =>
    trial.ok ? [{ number: index + 1, metrics: trial.metrics }] : [],
  );
  await using file = pageFile(formatSearchHtml(result));
  for (const width of [1400, 420]) {
    for (const hasScript of [true, false]) {
      const { page, complaints } = await browser.open(file.path, { width, hasScript });
      const pareto = await pointsOf(page, 'pareto');
      t.deepEqual(
        pareto.map(({ level, x, y }) => [level, x, y]),
        measured.map((each) => [each.number, each.metrics['perf_throughput'], each.metrics['perf_latency_p99']]),
      );
      const trace = await pointsOf(page, 'trace');
      t.deepEqual(
        trace.map(({ x, y }) => [x, y]),
        measured.map((each) => [each.number, each.metrics['perf_throughput']]),
      );
      for (const points of [pareto, trace]) {
        t.true(offLine(points.map(({ x, left }) => [x, left])) < 1, `x at ${width}`);
        t.true(offLine(points.map(({ y, top }) => [y, top])) < 1, `y at ${width}`);
      }
      t.deepEqual(
        (await pointsOf(page, 'sensitivity')).map(({ x }) => x),
        [72, 100, 100],
      );
      t.is(await page.locator('svg:visible').count(), 4);
      t.is(await page.locator('#difference').textContent(), '-count: 1\n+count: 2\n<i>');
      t.is(await page.locator('#table-rejected tbody tr').count(), result.rejected.length);
      t.is(await page.locator('h1').textContent(), '<script>m</script>: which configuration is best?');
      t.true(
        await page.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth'),
        `overflow at ${width}`,
      );
      t.deepEqual(complaints, []);
      await page.close();
    }
  }
});
