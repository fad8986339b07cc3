import test from 'ava';
import { formatCsv } from '../../reports/csv.js';
import { levelFixture, rateSettingsFixture, runFixture, serverSplitFixture } from '../helpers/run-fixture.js';

const slow = levelFixture({ concurrency: 2, latenciesMs: [10, 11, 12], server: serverSplitFixture });
const fast = levelFixture({ concurrency: 1, latenciesMs: [9, 9, 9, 9], server: serverSplitFixture });
const rows = (csv: string): string[][] =>
  csv
    .trimEnd()
    .split('\n')
    .map((line) => line.split(','));

test('formatCsv has the headers of perf_analyzer', (t) => {
  t.is(
    formatCsv(runFixture([slow]), { isVerbose: false }).split('\n')[0],
    'Concurrency,Inferences/Second,Client Send,Network+Server Send/Recv,Server Queue,Server Compute Input,' +
      'Server Compute Infer,Server Compute Output,Client Recv,p50 latency,p90 latency,p95 latency,p99 latency',
  );
});

test('formatCsv verbose adds mean latency and its client parts', (t) => {
  t.true(
    formatCsv(runFixture([slow]), { isVerbose: true })
      .split('\n')[0]
      ?.endsWith('p99 latency,Avg latency,request/response,response wait'),
  );
});

test('formatCsv parts add up to the mean latency, in whole microseconds', (t) => {
  const [header = [], cells = []] = rows(formatCsv(runFixture([slow]), { isVerbose: true }));
  const value = (title: string): number => Number(cells[header.indexOf(title)]);
  const parts = [
    'Client Send',
    'Network+Server Send/Recv',
    'Server Queue',
    'Server Compute Input',
    'Server Compute Infer',
    'Server Compute Output',
    'Client Recv',
  ];
  t.is(value('Avg latency'), 11_000);
  t.is(
    parts.reduce((sum, title) => sum + value(title), 0),
    11_000,
  );
  t.is(value('request/response') + value('response wait'), 11_000);
});

test('formatCsv orders rows by throughput, not by level', (t) => {
  const csv = formatCsv(runFixture([fast, slow]), { isVerbose: false });
  t.deepEqual(
    rows(csv)
      .slice(1)
      .map(([concurrency, throughput]) => [concurrency, throughput]),
    [
      ['2', '3'],
      ['1', '4'],
    ],
  );
});

test('formatCsv sorts an extra percentile in, and drops the mean then', (t) => {
  const run = runFixture([levelFixture({ concurrency: 1, latenciesMs: [10] })]);
  const measurement = { ...run.settings.measurement, percentile: 75 };
  const [header = []] = rows(formatCsv({ ...run, settings: { ...run.settings, measurement } }, { isVerbose: true }));
  t.deepEqual(header.slice(-7), [
    'p50 latency',
    'p75 latency',
    'p90 latency',
    'p95 latency',
    'p99 latency',
    'request/response',
    'response wait',
  ]);
});

test('formatCsv without server statistics has no server columns', (t) => {
  const [header = []] = rows(
    formatCsv(runFixture([levelFixture({ concurrency: 1, latenciesMs: [10] })]), { isVerbose: false }),
  );
  t.false(header.some((title) => title.includes('Server')));
});

test('formatCsv has cache columns only with a cache', (t) => {
  const cached = levelFixture({
    concurrency: 1,
    latenciesMs: [10],
    server: { ...serverSplitFixture, cache: { hits: 2, misses: 1, hitMs: 0.5, missMs: 1.5 } },
  });
  const [header = [], cells = []] = rows(formatCsv(runFixture([cached]), { isVerbose: false }));
  t.is(cells[header.indexOf('Server Cache Hit')], '500');
  t.is(cells[header.indexOf('Server Cache Miss')], '1500');
});

test('formatCsv leaves out a level without a valid answer', (t) => {
  const empty = levelFixture({ concurrency: 3, latenciesMs: [] });
  t.is(rows(formatCsv(runFixture([slow, empty]), { isVerbose: false })).length, 2);
});

test('formatCsv of an open loop adds its own columns after all of perf_analyzer', (t) => {
  const paced = levelFixture({ requestRate: 2.5, latenciesMs: [10, 20, 30] });
  const settings = {
    ...runFixture([]).settings,
    load: { ...rateSettingsFixture, range: { start: 2.5, end: 2.5, step: 1 }, search: 'linear' } as const,
  };
  const [titles = [], values = []] = rows(formatCsv(runFixture([paced], { settings }), { isVerbose: true }));
  t.is(
    titles.join(),
    'Request Rate,Inferences/Second,Client Send,Client Recv,p50 latency,p90 latency,p95 latency,p99 latency,' +
      'Avg latency,request/response,response wait,Achieved Request Rate,Dropped Requests,' +
      'p50 service time,p90 service time,p95 service time,p99 service time,' +
      'p50 send lag,p90 send lag,p95 send lag,p99 send lag',
  );
  const cell = (title: string) => values[titles.indexOf(title)];
  t.is(cell('Request Rate'), '2.5');
  t.is(cell('Avg latency'), '20000');
  t.is(cell('response wait'), '9250'); // of the service time, 10 ms, without send and receive
  t.is(cell('Achieved Request Rate'), '3');
  t.is(cell('Dropped Requests'), '1');
  t.true(Math.abs(Number(cell('p50 service time')) - 10_000) <= 10);
  t.true(Math.abs(Number(cell('p50 send lag')) - 10_000) <= 10);
});
