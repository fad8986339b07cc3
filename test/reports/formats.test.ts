import test from 'ava';
import { formatCsv } from '../../reports/csv.js';
import { csvText } from '../../reports/csv-text.js';
import { hgrmFiles } from '../../reports/hgrm.js';
import { runName } from '../../reports/history.js';
import { formatJunit } from '../../reports/junit.js';
import { formatMarkdown } from '../../reports/markdown.js';
import { formatOpenMetrics } from '../../reports/openmetrics.js';
import { formatInferenceMetrics, formatSearchCsv } from '../../reports/search-csv.js';
import { levelFixture, runFixture, serverSplitFixture } from '../helpers/run-fixture.js';
import { searchFixture } from '../helpers/search-fixture.js';

const steady = levelFixture({ concurrency: 1, latenciesMs: [2, 4, 6], server: serverSplitFixture });
const shaky = levelFixture({
  concurrency: 2,
  latenciesMs: [10, 30],
  stability: { stable: false, reason: 'throughput' },
  server: serverSplitFixture,
});
const run = runFixture([steady, shaky]);

test('formatMarkdown has the columns of the tables with their units', (t) => {
  const lines = formatMarkdown([run]).split('\n');
  t.is(lines[0], '## m version 1 (onnxruntime\\_onnx)');
  t.is(
    lines[4],
    '| concurrency | throughput (infer/s) | mean latency (ms) | standard deviation (ms) | p50 latency (ms) | p90 latency (ms) | p95 latency (ms) | p99 latency (ms) | largest latency (ms) | requests | remark |',
  );
  t.is(lines[6], '| 1 | 3.00 | 4.000 | 2.000 | 4.002 | 6.000 | 6.000 | 6.000 | 6.000 | 3 |  |');
});

test('formatMarkdown leaves no text with a meaning of its own', (t) => {
  const name = '<img>|*a*\n# b';
  const text = formatMarkdown([{ ...run, model: { ...run.model, name } }]);
  t.is(text.split('\n')[0], '## &lt;img&gt;\\|\\*a\\* \\# b version 1 (onnxruntime\\_onnx)');
});

test('formatJunit has a test a level, which fails when its numbers are not to be used', (t) => {
  const text = formatJunit([{ ...run, settings: { ...run.settings, modelName: '<m>"' } }]);
  t.true(text.includes('tests="2" failures="1" errors="0" skipped="0" time="2.000"'));
  t.true(text.includes('<testcase classname="&lt;m&gt;&quot;" name="concurrency 1" time="1.000"/>'));
  t.regex(text, /name="concurrency 2"[^>]*>\n {6}<failure message="concurrency 2: not stable/);
});

test('formatJunit has no character that XML does not know', (t) => {
  const name = 'a\u0000b\ud800<&>\'"';
  const text = formatJunit([runFixture([shaky], { model: { ...run.model, name } })]);
  t.true(text.includes('name="a\ufffdb\ufffd&lt;&amp;&gt;&#39;&quot; version 1'));
});

test('formatOpenMetrics has base units, one family together, and an end', (t) => {
  const text = formatOpenMetrics([{ ...run, settings: { ...run.settings, modelName: 'a"\\\n' } }]);
  const labels = 'model="a\\"\\\\\\n",server="localhost:8000",protocol="http",load="concurrency"';
  t.true(
    text.includes(
      [
        '# TYPE perf_analyze_latency_avg_seconds gauge',
        '# UNIT perf_analyze_latency_avg_seconds seconds',
        '# HELP perf_analyze_latency_avg_seconds mean latency.',
        `perf_analyze_latency_avg_seconds{${labels},level="1"} 0.004`,
        `perf_analyze_latency_avg_seconds{${labels},level="2"} 0.02`,
      ].join('\n'),
    ),
  );
  t.true(text.endsWith('\n# EOF\n'));
  const families = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
  t.is(new Set(families).size, families.length);
});

test('formatOpenMetrics tells several runs apart', (t) => {
  const text = formatOpenMetrics([run, { ...run, startedAt: '2026-01-03T00:00:00.000Z' }]);
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const series = samples.map((line) => line.slice(0, line.lastIndexOf(' ')));
  t.is(new Set(series).size, series.length);
  t.is(samples.filter((line) => line.includes('run="2026-01-03T00:00:00.000Z"')).length, samples.length / 2);
});

test('hgrmFiles has the distribution of each level in milliseconds', (t) => {
  const [first, second] = hgrmFiles(run);
  t.deepEqual([first?.name, second?.name], ['concurrency-1', 'concurrency-2']);
  t.regex(
    first?.text ?? '',
    /^ {7}Value {5}Percentile TotalCount 1\/\(1-Percentile\)\n\n {7}2\.001 0\.000000000000 {10}1 /,
  );
  t.regex(first?.text ?? '', /#\[Max {5}= {8}6\.00[0-9], Total count {4}= {12}3\]/);
});

test('a load that a search measured twice has two series, two files and two tests', (t) => {
  const again = runFixture([steady, shaky, levelFixture({ concurrency: 1, latenciesMs: [3, 5] })]);
  const series = formatOpenMetrics([again])
    .split('\n')
    .filter((line) => line.startsWith('perf_analyze_latency_avg_seconds'))
    .map((line) => line.replace(/^.*load="concurrency",/, ''));
  t.deepEqual(series, ['level="1"} 0.004', 'level="2"} 0.02', 'level="1",turn="2"} 0.004']);
  t.deepEqual(
    hgrmFiles(again).map(({ name }) => name),
    ['concurrency-1', 'concurrency-2', 'concurrency-1-turn-2'],
  );
  t.deepEqual(
    [...formatJunit([again]).matchAll(/<testcase classname="m" name="([^"]*)"/g)].map(([, name]) => name),
    ['concurrency 1', 'concurrency 2', 'concurrency 1, turn 2'],
  );
});

test('runName is one line, whatever the label of a run has', (t) => {
  t.is(runName({ startedAt: '2026-01-02T03:04:05Z', label: 'a\n b', file: 'f' }), '2026-01-02 03:04 a b');
});

test('csvText leaves a spreadsheet nothing to compute, and numbers as they are', (t) => {
  t.is(
    csvText([
      ['=1+1', '@x', '+2', '-a', '\tb', 'c-d'],
      [-5, undefined, 0.5, '', 1e-7, 'x'],
    ]),
    ["'=1+1,'@x,'+2,'-a,'\tb,c-d", '-5,,0.5,,1e-7,x\n'].join('\n'),
  );
});

test('formatCsv, formatSearchCsv and formatInferenceMetrics have no name that a spreadsheet computes', (t) => {
  const model = '=HYPERLINK("http://x")';
  const part = {
    name: model,
    summary: steady.summary,
    requests: steady.requests,
    verdict: steady.verdict,
    failures: [],
  };
  const several = runFixture([{ ...steady, models: [part] }], { models: [{ ...run.model, name: model }] });
  const search = searchFixture({ model });
  for (const text of [
    formatCsv(several, { isVerbose: true }),
    formatSearchCsv(search),
    formatInferenceMetrics([search]),
  ]) {
    t.true(text.includes(`"'=HYPERLINK(""http://x"")"`));
    t.notRegex(text, /(^|,)"?=/m);
  }
});
