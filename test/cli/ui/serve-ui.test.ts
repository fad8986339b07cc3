import { request } from 'node:http';
import test from 'ava';
import { serveUi } from '../../../src/cli/ui/serve-ui.js';
import { PerfError } from '../../../src/core/perf-error.js';
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
