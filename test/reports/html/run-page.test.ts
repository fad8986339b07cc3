import test from 'ava';
import { encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import { formatHtml } from '../../../reports/html/run-page.js';
import { latencyHistogram } from '../../../reports/latency-histogram.js';
import type { Level, Measured } from '../../../src/core/run.js';
import { busyRun } from '../../helpers/busy-run.js';
import { levelFixture, rateSettingsFixture, runFixture } from '../../helpers/run-fixture.js';
import { schemaErrors } from '../../helpers/run-schema.js';

/** With a right-to-left override, which would mirror what stands behind it. */
const evil = '</script><script>alert(1)</script>"\'&<img src=x onerror=alert(2)>\u202e';

test('formatHtml gives the same bytes for the same run', (t) => {
  const run = busyRun({ levels: 3, windows: 4, requests: 50 });
  t.is(formatHtml([run]), formatHtml([JSON.parse(JSON.stringify(run))]));
});

test('formatHtml escapes what comes from a server or a user', (t) => {
  const level = levelFixture({
    latenciesMs: [1, 2],
    failures: [{ code: 'http 503', count: 1, firstMessage: evil }],
  });
  const run = runFixture([level], {
    model: { name: evil, version: evil, platform: evil, maxBatchSize: 1, config: { note: evil } },
    server: { kind: 'remote', url: evil, name: evil, version: evil, extensions: [evil] },
  });
  const page = formatHtml([run]);
  t.is(page.split('<script').length - 1, 1);
  t.false(page.includes('<img'));
  t.false(page.includes('\u202e'));
  t.true(page.includes('&lt;/script&gt;&lt;script&gt;alert(1)'));
});

test('formatHtml allows one style and one script, and no address anywhere', (t) => {
  const page = formatHtml([busyRun({ levels: 3, windows: 4, requests: 50 })]);
  t.regex(page, /default-src 'none'; style-src 'sha256-[\w+/=]{44}'; script-src 'sha256-[\w+/=]{44}'/);
  t.false(/ style="/.test(page));
  t.deepEqual(
    [...page.matchAll(/(?:src|href|action)="([^"]{0,20})/g)]
      .map(([, address]) => address)
      .filter((a) => !a?.startsWith('data:text/csv')),
    [],
  );
  t.deepEqual([...new Set(page.match(/https?:\/\/[^"<\s]*/g))], ['http://www.w3.org/2000/svg']);
});

test('formatHtml of 8 levels stays below 1.5 MB, and does not grow with the requests', (t) => {
  const sizeOf = (windows: number, requests: number) => formatHtml([busyRun({ levels: 8, windows, requests })]).length;
  const [few, many, long] = [sizeOf(10, 1000), sizeOf(10, 40_000), sizeOf(50, 1000)];
  t.log(few, many, long);
  t.true(Math.abs(many / few - 1) < 0.1);
  t.true(Math.max(few, many, long) < 1_500_000);
});

test('formatHtml of 10 million requests is as long as that of some thousand', (t) => {
  const few = busyRun({ levels: 8, windows: 10, requests: 1000 });
  const many = { ...few, levels: few.levels.map((level) => timesAsBusy(level, 10_000_000 / 80_000)) };
  const requests = many.levels.flatMap(({ windows }) => windows).reduce((sum, window) => sum + window.requests, 0);
  t.is(requests, 10_000_000);
  const [short, long] = [few, many].map((run) => formatHtml([run]).length);
  t.log(short, long);
  t.true(Math.abs((long ?? 0) / (short ?? 1) - 1) < 0.1);
});

/** The same level with each of its requests so many times. */
function timesAsBusy(level: Level, times: number): Level {
  const scaled = <Part extends Measured>(part: Part): Part => {
    const histogram = latencyHistogram(part);
    const more = latencyHistogram(part);
    more.reset();
    histogram.recordedValuesIterator.reset();
    while (histogram.recordedValuesIterator.hasNext()) {
      const { valueIteratedTo, countAddedInThisIterationStep } = histogram.recordedValuesIterator.next();
      more.recordValueWithCount(valueIteratedTo, times * countAddedInThisIterationStep);
    }
    return { ...part, requests: times * part.requests, histogram: encodeIntoCompressedBase64(more) };
  };
  return { ...level, summary: scaled(level.summary), windows: level.windows.map(scaled) };
}

test('formatHtml says when there is nothing, and when nothing was valid', (t) => {
  t.true(formatHtml([runFixture([])]).includes('Nothing was measured'));
  const lost = levelFixture({ latenciesMs: [], failures: [{ code: 'connect', count: 3, firstMessage: 'refused' }] });
  const page = formatHtml([runFixture([lost])]);
  t.true(page.includes('No request was answered validly.'));
  t.false(page.includes('<svg'));
});

test('formatHtml says first what was to be found out, and takes nothing for good that failed at it', (t) => {
  const verdictOf = (page: string): string =>
    (/<section class="verdict[\s\S]*?<\/section>/.exec(page)?.[0] ?? '').replace(/<[^>]*>/g, ' ');
  const [level, ...others] = busyRun({ levels: 3, windows: 3, requests: 300 }).levels;
  if (level === undefined) throw new Error('it has levels');
  const tally = { requests: 300, over: 200, effectiveRequests: 300 };
  const refuted = formatHtml([runFixture([{ ...level, certification: { ...tally, verdict: 'fail' } }])]);
  t.regex(verdictOf(refuted), /Certification failed: 1 of 1 level is over the limit .* not to be relied on/s);
  t.regex(refuted, /class="verdict invalid"/);
  const probes = [level, ...others].map((each, index) => ({
    ...each,
    probe: { ...tally, answer: index === 0 ? ('met' as const) : ('missed' as const), isSaturated: index > 0 },
  }));
  const limit = { percentile: 99, limitMs: 20, maxMs: 2000, maxProbes: 12 };
  const { settings } = runFixture([]);
  const searched = runFixture(probes, {
    settings: { ...settings, measurement: { ...settings.measurement, maxRate: limit } },
    maxRate: { rate: 150, low: 120, high: 190, isBracketed: true },
  });
  const page = formatHtml([searched]);
  t.regex(verdictOf(page), /Largest rate with p99 &lt;= 20 ms: 150 requests\/s .* within limits, at concurrency 1:/s);
  t.is(page.split('Largest rate').length - 1, 2); // there, and in the report as text
});

test('formatHtml leaves out a chart of percentiles where there are too few requests for any', (t) => {
  const one = levelFixture({ latenciesMs: [3] });
  const needs = { isSupported: false, needsRequests: 459 } as const;
  const steadiness = { verdict: 'steady' } as const;
  const percentiles = { 50: needs, 90: needs, 99: needs };
  const certainty = { confidence: 0.95, alpha: 0.05, effectiveRequests: 1, warmUpMs: 0, steadiness, percentiles };
  const page = formatHtml([runFixture([{ ...one, certainty }])]);
  t.deepEqual(
    [...page.matchAll(/id="chart-([\w-]+)"/g)].map(([, name]) => name),
    ['timeline', 'heat-map'],
  );
});

test('formatHtml draws the levels of a search by their load, whichever came first', (t) => {
  const levels = [300, 100, 200].map((requestRate) => levelFixture({ requestRate, latenciesMs: [2, 4, 6] }));
  const load = { ...rateSettingsFixture, range: { start: 100, end: 300, step: 100 }, search: 'binary' } as const;
  const page = formatHtml([runFixture(levels, { settings: { ...runFixture([]).settings, load } })]);
  const [, chart = ''] = /id="chart-response-time"[\s\S]*?<div class="wide">([\s\S]*?)<\/div>/.exec(page) ?? [];
  const points = [...chart.matchAll(/data-level="(\d)" data-x="(\d+)"/g)].map(
    ([, place, rate]) => `${place} at ${rate}`,
  );
  t.deepEqual(points.slice(0, 3), ['1 at 100', '2 at 200', '0 at 300']);
});

test('formatHtml of an open loop sets response time against service time', (t) => {
  const settings = runFixture([]).settings;
  const load = { ...rateSettingsFixture, range: { start: 10, end: 20, step: 10 }, search: 'linear' } as const;
  const levels = [10, 20].map((requestRate) => levelFixture({ requestRate, latenciesMs: [2, 4, 6] }));
  const page = formatHtml([runFixture(levels, { settings: { ...settings, load } })]);
  t.true(page.includes('id="chart-response-time"'));
  t.true(page.includes('request rate 20: service p50 2'));
});

test('formatHtml shows batch sizes by their share, pauses of the client when they were, and intervals as a table', (t) => {
  const [level] = busyRun({ levels: 1, windows: 4, requests: 50 }).levels;
  if (level?.summary.server === undefined) throw new Error('it has a server');
  const server = {
    ...level.summary.server,
    batches: [1, 8].map((size) => ({ size, executions: size === 1 ? 30 : 10 })),
  };
  const pauses = [1500, 99_000].map((atMs) => ({ atMs, durationMs: 12.5 }));
  const certainty = {
    ...{
      confidence: 0.95,
      alpha: 0.05,
      effectiveRequests: 100,
      warmUpMs: 0,
      steadiness: { verdict: 'steady' } as const,
    },
    throughput: { low: 240, high: 260 },
    percentiles: {
      50: { isSupported: true, intervalMs: { low: 1.5, high: 2.5 } },
      99: { isSupported: false, needsRequests: 459 },
    },
  } as const;
  const { clientHealth } = level;
  const run = runFixture([
    {
      ...level,
      certainty,
      summary: { ...level.summary, server },
      clientHealth: { ...clientHealth, gc: { ...clientHealth.gc, pauses } },
    },
  ]);
  t.deepEqual(schemaErrors(run), []);
  const page = formatHtml([run]);
  t.true(page.includes('concurrency 1, 75 % of 1 (30 executions)'));
  t.true(page.includes('concurrency 1, 25 % of 8 (10 executions)'));
  const seen = [...page.matchAll(/data-x="([\d.]+)"[^>]*aria-label="([^"]*collect garbage)"/g)];
  t.deepEqual(
    [...new Set(seen.map(([, x, label]) => `${x} ${label}`))],
    ['1.5 concurrency 1: the client paused for 12.5 ms to collect garbage'],
  );
  t.regex(page, /id="table-intervals"[\s\S]*data-value="240"[\s\S]*data-value="2.5"[\s\S]*needs 459<\/td>/);
  t.true(page.includes('<dt>p99 latency</dt><dd>– <span>needs 459 requests</span>'));
});

test('formatHtml keeps several runs apart', (t) => {
  const run = busyRun({ levels: 2, windows: 3, requests: 20 });
  const page = formatHtml([run, run]);
  const ids = [...page.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
  t.is(new Set(ids).size, ids.length);
});
