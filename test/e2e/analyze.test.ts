import { readFileSync } from 'node:fs';
import test from 'ava';
import type { Level, Run } from '../../src/core/run.js';
import { createWorkplace, startRemoteServer, type Workplace } from '../helpers/cli.js';
import { runIn } from '../helpers/command-here.js';
import { schemaErrors } from '../helpers/run-schema.js';
import { serverForAll } from '../helpers/shared-server.js';

/** Short windows that always hold answers; how far they lie apart is not what these tests are about. */
const brief = ['--measurement-mode', 'count_windows', '--measurement-request-count', '100', '-r', '3', '-s', '100000'];
const readRun = (place: Workplace, file: string): Run => JSON.parse(readFileSync(place.path(file), 'utf8')) as Run;

const running = serverForAll(['simple']);
const simple = (): readonly string[] => ['-m', 'simple', '-u', running().urlOf('http')];

const header =
  'Concurrency,Inferences/Second,Client Send,Network+Server Send/Recv,Server Queue,Server Compute Input,' +
  'Server Compute Infer,Server Compute Output,Client Recv,p50 latency,p90 latency,p95 latency,p99 latency';

for (const protocol of ['http', 'grpc']) {
  test(`perf-analyze sweeps a sample model on the embedded server over ${protocol}`, async (t) => {
    await using place = createWorkplace();
    const { code, stdout, stderr } = await place.run(
      ...['-m', 'simple', '-i', protocol, '-b', '2', '--concurrency-range', '1:3', ...brief],
      ...['--service-kind', 'embedded', '-f', 'perf.csv', '--json', 'run.json'],
    );
    t.is(code, 0, stderr);
    t.regex(stderr, /Server: embedded, on 127\.0\.0\.1:\d+, .*\(--service-kind embedded\)\./);
    const csv = readFileSync(place.path('perf.csv'), 'utf8').trimEnd().split('\n');
    t.is(csv[0], header);
    t.is(csv.length, 4);
    const run = readRun(place, 'run.json');
    t.deepEqual(schemaErrors(run), []);
    t.deepEqual(
      run.levels.map(({ load }) => load),
      [1, 2, 3].map((concurrency) => ({ kind: 'concurrency', concurrency })),
    );
    for (const level of run.levels) checkLevel(t, level);
    t.true(stdout.includes('Inferences/Second vs. Client Average Batch Latency'));
    t.deepEqual(place.leftovers(), []);
    t.deepEqual(place.temporaryFiles(), []);
  });
}

function checkLevel(
  t: { true: (value: boolean, message?: string) => void; is: (a: unknown, b: unknown) => void },
  level: Level,
) {
  const { summary } = level;
  const server = summary.server;
  t.true(summary.requests > 0 && summary.throughput > 0);
  t.is(summary.failedRequests, 0);
  checkCounts(t, level);
  t.true(Math.abs(summary.throughput / ((summary.requests * 2) / (summary.durationMs / 1000)) - 1) < 1e-9);
  if (server === undefined) throw new Error('no server statistics');
  const { queueMs, computeInputMs, computeInferMs, computeOutputMs, overheadMs, requestMs } = server;
  const sum = queueMs + computeInputMs + computeInferMs + computeOutputMs + overheadMs;
  t.true(Math.abs(sum / requestMs - 1) < 0.01, `parts ${sum} ms, request ${requestMs} ms`);
  t.true(server.meanBatchSize >= 2);
}

function checkCounts(t: { is: (a: unknown, b: unknown) => void }, { requests }: Level) {
  const { intended, sent, dropped, ok, failed, inFlight } = requests;
  t.is(intended, sent + dropped);
  t.is(sent, ok + failed + inFlight);
}

test('perf-analyze measures a server that runs already, and leaves it running', async (t) => {
  await using place = createWorkplace();
  const { server, port } = await startRemoteServer(place);
  const { code, stderr } = await runIn(
    place,
    '-m',
    'simple',
    '-u',
    `127.0.0.1:${port}`,
    ...brief,
    '--json',
    'run.json',
  );
  t.is(code, 0, stderr);
  t.true(stderr.includes(`Server: 127.0.0.1:${port} (given with -u).`));
  t.is(readRun(place, 'run.json').server.kind, 'remote');
  t.is(server.child.exitCode, null);
  server.child.kill('SIGTERM');
  t.is((await server.result).code, 0);
  t.deepEqual(place.leftovers(), []);
});

test('perf-analyze holds request rates and tells lag and service time apart', async (t) => {
  await using place = createWorkplace();
  const { code, stdout, stderr } = await place.run(
    ...[...simple(), '--request-rate-range', '50:150:100'],
    ...['--request-distribution', 'poisson', '--seed', '3', ...brief, '-f', 'perf.csv', '--json', 'run.json'],
  );
  t.is(code, 0, stderr);
  const run = readRun(place, 'run.json');
  t.deepEqual(schemaErrors(run), []);
  t.deepEqual(
    run.levels.map(({ load }) => load),
    [50, 150].map((requestsPerSecond) => ({
      kind: 'request-rate',
      requestsPerSecond,
      arrivals: { kind: 'poisson' },
      shape: { kind: 'constant' },
      maxInFlight: 1024,
    })),
  );
  for (const level of run.levels) {
    checkCounts(t, level);
    const { latency, pacing } = level.summary;
    const parts = (pacing?.serviceTime?.meanMs ?? 0) + (pacing?.sendLag?.meanMs ?? 0);
    t.true(Math.abs((latency?.meanMs ?? 0) / parts - 1) < 0.2, `${latency?.meanMs} ms of ${parts} ms`); // sent in other windows
    t.is(pacing?.dropped, 0);
  }
  const csv = readFileSync(place.path('perf.csv'), 'utf8').trimEnd().split('\n');
  t.is(csv.length, 3);
  t.true(csv[0]?.startsWith(header.replace('Concurrency', 'Request Rate')));
  t.regex(stdout, /Request Rate: 50, throughput: \d/);
  t.deepEqual(place.leftovers(), []);
});

test('perf-analyze count windows, a percentile and a latency limit', async (t) => {
  await using place = createWorkplace();
  const { code, stdout } = await runIn(
    place,
    ...[...simple(), '--concurrency-range', '1:0', '-l', '0.01'],
    ...['--measurement-mode', 'count_windows', '--measurement-request-count', '40', '-s', '100000', '-r', '3'],
    ...['--percentile', '99', '--json', 'run.json'],
  );
  t.is(code, 0);
  const run = readRun(place, 'run.json');
  t.is(run.levels.length, 1);
  t.true(run.levels[0]?.isOverLimit);
  t.true(run.levels[0]?.windows.every(({ requests }) => requests === 40));
  t.regex(stdout, /Inferences\/Second vs\. Client p99 Batch Latency/);
});

test('perf-analyze marks a level that does not settle and exits with 2', async (t) => {
  await using place = createWorkplace();
  const windows = ['--measurement-mode', 'count_windows', '--measurement-request-count', '50', '-r', '3', '-s', '0'];
  const { code, stdout } = await place.run(...simple(), ...windows, '-f', 'perf.csv');
  t.is(code, 2);
  t.regex(stdout, /not stable/);
  t.is(readFileSync(place.path('perf.csv'), 'utf8').trimEnd().split('\n').length, 2);
});

test('perf-analyze writes nothing but the report to standard output', async (t) => {
  await using place = createWorkplace();
  const { stdout } = await place.run(...simple(), ...brief);
  t.true(stdout.startsWith('simple version 1'));
});
