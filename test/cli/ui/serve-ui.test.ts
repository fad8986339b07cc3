import { request } from 'node:http';
import test from 'ava';
import { serveUi } from '../../../src/cli/ui/serve-ui.js';
import { PerfError } from '../../../src/core/perf-error.js';
import { openBrowser } from '../../helpers/browser.js';
import { levelFixture, runFixture, viewFixture } from '../../helpers/run-fixture.js';

const level = levelFixture({ concurrency: 1, latenciesMs: [10, 11, 12] });
const run = runFixture([level]);
const statusOf = (url: string, host: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    request(url, { headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });

test('serveUi tells a page what happens, and has the report of the levels that are done', async (t) => {
  const ui = await serveUi(0);
  const { progress, url } = ui;
  progress.say('Server: here.');
  progress.startRun((levels) => ({ ...run, levels }));
  progress.startLevel(() => viewFixture(level.load, 1), { settings: run.settings, levelsLeft: 0 });
  const events = (await fetch(`${url}events`)).body?.pipeThrough(new TextDecoderStream()).getReader();
  let told = '';
  const until = async (pattern: RegExp): Promise<void> => {
    while (!pattern.test(told)) {
      const { value, done } = (await events?.read()) ?? { done: true };
      if (done) throw new Error(`${pattern} was not told in ${told}`);
      told += value;
    }
  };
  await until(/^data: \{"event":"message","text":"Server: here\."\}\n\n/);
  await until(/"event":"level-start","name":"concurrency 1","model":"m","batchSize":1,"protocol":"http"/);
  await until(/"event":"level","name":"concurrency 1".*"throughput":3/);
  progress.endLevel(level);
  await until(/"event":"level-done"/);
  const report = await (await fetch(`${url}report`)).text();
  t.regex(report, /<h1>.*<svg /s);
  t.regex(report, /http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-/);
  progress.close();
  await until(/"event":"end"/);
  const disposed = ui[Symbol.asyncDispose](); // waits for the last report
  t.is((await fetch(`${url}report`)).status, 200);
  await disposed;
  await t.throwsAsync(fetch(url));
});

test('serveUi serves a page that may ask its own server alone, and nothing to other hosts', async (t) => {
  await using ui = await serveUi(0);
  const page = await fetch(ui.url);
  const text = await page.text();
  const [, policy = ''] = /Content-Security-Policy" content="([^"]*)"/.exec(text) ?? [];
  t.regex(
    policy,
    /^default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'; connect-src 'self'; frame-src 'self'; /,
  );
  t.is(page.headers.get('x-content-type-options'), 'nosniff');
  const { port } = new URL(ui.url);
  t.is(await statusOf(ui.url, `localhost:${port}`), 200);
  t.is(await statusOf(ui.url, `evil.example:${port}`), 403);
  t.is((await fetch(`${ui.url}../package.json`)).status, 404);
  t.is((await fetch(ui.url, { method: 'POST' })).status, 404);
  const error = await t.throwsAsync(serveUi(Number(port)), { instanceOf: PerfError });
  t.regex(
    error?.message ?? '',
    new RegExp(`^Cannot use --ui-port ${port}: expected a port that is free, got .*EADDRINUSE`),
  );
});

test('the page of serveUi fills itself while the run goes on, and asks nobody else', async (t) => {
  await using browser = await openBrowser(t);
  if (browser === undefined) return;
  await using ui = await serveUi(0);
  const { progress, url } = ui;
  const { page, complaints } = await browser.open(url, { width: 420 });
  const showing = (id: string, text: string): Promise<void> => page.locator(`#${id}`, { hasText: text }).waitFor();
  await showing('status', 'Waiting for the run');
  progress.say('<script>alert(1)</script>');
  progress.startRun((levels) => ({ ...run, levels }));
  let seconds = 0;
  const percentilesMs = { 50: 11, 95: 12, 99: 12 };
  const latency = { minMs: 10, maxMs: 12, percentilesMs, bins: [1, 0, 2] };
  const view = () => {
    seconds++;
    return { ...viewFixture(level.load, 1), elapsedMs: 1000 * seconds, answeredRequests: 3 * seconds, latency };
  };
  progress.startLevel(view, { settings: { ...run.settings, modelName: '<b>m</b>' }, levelsLeft: 0 });
  await showing('subject', '<b>m</b>, batch 1, over http');
  t.is(await page.title(), '<b>m</b>: a run that goes on');
  await showing('messages', '<script>alert(1)</script>');
  await showing('status', 'concurrency 1, window');
  await showing('throughput', '3');
  await showing('p99', '12');
  t.is(await page.locator('#bins rect').count(), 3);
  await page.locator('#rates rect').first().waitFor();
  t.true(await page.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth'));
  progress.endLevel(level);
  const report = page.frameLocator('#report');
  await report.locator('h1', { hasText: 'm version 1' }).waitFor();
  t.true((await report.locator('svg:visible').count()) > 0);
  progress.close();
  await page.getByText('The run is over', { exact: true }).waitFor(); // the last report is there
  t.deepEqual(complaints, []);

  const killed = await serveUi(0);
  const { page: left } = await browser.open(killed.url);
  await left.getByText('Waiting for the run', { exact: true }).waitFor();
  await killed[Symbol.asyncDispose]();
  await left.locator('#status', { hasText: 'The run does not answer' }).waitFor();
});
