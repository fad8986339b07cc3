import { readFileSync, writeFileSync } from 'node:fs';
import test from 'ava';
import type { Run } from '../../src/core/run.js';
import { createWorkplace, type Workplace } from '../helpers/cli.js';
import { runIn } from '../helpers/command-here.js';
import { startDecoupledServer } from '../helpers/decoupled-server.js';
import { schemaErrors } from '../helpers/run-schema.js';
import { serverForAll } from '../helpers/shared-server.js';

const brief = ['--measurement-mode', 'count_windows', '--measurement-request-count', '60', '-r', '3', '-s', '100000'];
const streaming = ['-i', 'grpc', '--streaming'];
const server = serverForAll(['simple']);

function readRun(place: Workplace): Run {
  return JSON.parse(readFileSync(place.path('run.json'), 'utf8')) as Run;
}

for (const compression of ['none', 'gzip']) {
  test(`perf-analyze --streaming measures the embedded server, compression ${compression}`, async (t) => {
    await using place = createWorkplace();
    const row = (value: (index: number) => number): number[] => Array.from({ length: 16 }, (_, index) => value(index));
    const data = [{ INPUT0: row((index) => index), INPUT1: row(() => 2) }];
    const validation_data = [{ OUTPUT0: row((index) => index + 2) }];
    writeFileSync(place.path('data.json'), JSON.stringify({ data, validation_data }));
    const flags = ['--input-data', 'data.json', '--json', 'run.json', '--grpc-compression-algorithm', compression];
    const load = ['--concurrency-range', '4', '--warmup-request-count', '8', '--profile-export-file', 'profile.json'];
    const own = ['-m', 'simple', '-u', server().urlOf('grpc')];
    const { code, stdout, stderr } = await runIn(place, ...own, ...streaming, ...flags, ...load, ...brief);
    t.is(code, 0, stderr);
    t.regex(stdout, /over gRPC in streams/);
    t.notRegex(stdout, /Streams: time to the first response/);
    const run = readRun(place);
    t.deepEqual(schemaErrors(run), []);
    t.is(run.settings.wire.streaming, true);
    const [level] = run.levels;
    t.deepEqual(level?.failures, []);
    t.is(level?.summary.stream?.responses, level?.summary.requests);
    t.deepEqual(level?.summary.stream?.perRequest, { mean: 1, min: 1, max: 1 });
    t.true((level?.summary.client?.sendMs ?? 0) > 0);
    t.true((level?.summary.server?.requests ?? 0) > 0);
  });
}

test('perf-analyze --streaming counts answers that differ, and those that are errors', async (t) => {
  await using place = createWorkplace();
  const row = Array.from({ length: 16 }, () => 1);
  writeFileSync(
    place.path('data.json'),
    JSON.stringify({ data: [{ INPUT0: row, INPUT1: row }], validation_data: [{ OUTPUT0: row }] }),
  );
  const where = ['-u', server().urlOf('grpc')];
  const own = ['-m', 'simple', ...where, '--json', 'run.json', ...streaming, ...brief];
  t.is((await runIn(place, ...own, '--input-data', 'data.json')).code, 3);
  t.deepEqual(
    readRun(place).levels[0]?.failures.map(({ code, firstMessage }) => [code, firstMessage]),
    [['validation', "output 'OUTPUT0', index 0: expected 1, got 2"]],
  );
  t.is((await runIn(place, ...own, '--request-parameter', 'triton_x:1:int')).code, 3);
  t.is(readRun(place).levels[0]?.failures[0]?.code, 'stream');
  t.deepEqual(schemaErrors(readRun(place)), []);
});

for (const threads of ['1', '3']) {
  test(`perf-analyze --streaming takes all responses of a decoupled model, threads ${threads}`, async (t) => {
    await using place = createWorkplace();
    await using server = await startDecoupledServer((value) => value);
    const steps = [3, 1, 0, 8].map((value) => ({ IN: [value] }));
    writeFileSync(place.path('data.json'), JSON.stringify({ data: steps }));
    const flags = [
      '--input-data',
      'data.json',
      '--json',
      'run.json',
      '-f',
      'run.csv',
      '--profile-export-file',
      'p.json',
    ];
    const where = ['-m', 'many', '-u', server.address, ...streaming, '--request-count', '400'];
    const { code, stdout, stderr } = await place.run(
      ...where,
      ...flags,
      '--concurrency-range',
      '4',
      '--max-threads',
      threads,
    );
    t.is(code, 0, stderr);
    t.regex(stdout, /Streams: time to the first response; latency \(above\) is to the last one/);
    const run = readRun(place);
    t.deepEqual(schemaErrors(run), []);
    const [level] = run.levels;
    t.is(level?.summary.requests, 400);
    t.is(level?.summary.stream?.responses, 1200);
    t.deepEqual(level?.summary.stream?.perRequest, { mean: 3, min: 0, max: 8 });
    t.true((level?.summary.stream?.firstResponse?.meanMs ?? 0) > 0);
    t.is(level?.summary.client, undefined);
    const [titles] = readFileSync(place.path('run.csv'), 'utf8').split('\n');
    t.regex(titles ?? '', /^Concurrency,Inferences\/Second,Response Throughput,Client Send,/);
    const { requests } = JSON.parse(readFileSync(place.path('p.json'), 'utf8')).experiments[0];
    t.is(requests.length, 400);
    const counts = requests.map((request: { response_timestamps: number[] }) => request.response_timestamps.length);
    t.deepEqual(
      [1, 3, 8].map((count) => counts.filter((each: number) => each === count).length),
      [200, 100, 100],
    );
  });
}

test('perf-analyze --streaming at a request rate counts errors of a decoupled model', async (t) => {
  await using place = createWorkplace();
  await using server = await startDecoupledServer((value) => (value === 1 ? -1 : 2));
  writeFileSync(place.path('data.json'), JSON.stringify({ data: [{ IN: [0] }, { IN: [1] }] }));
  const where = [
    '-m',
    'many',
    '-u',
    server.address,
    ...streaming,
    '--request-count',
    '100',
    '--input-data',
    'data.json',
  ];
  const rate = ['--request-rate-range', '200', '--max-error-rate', '60', '--json', 'run.json'];
  const { stderr } = await runIn(place, ...where, ...rate);
  const [level] = readRun(place).levels;
  t.is(level?.summary.requests, 50, stderr);
  t.is(level?.summary.stream?.responses, 100);
  t.deepEqual(level?.failures, [{ code: 'stream', count: 50, firstMessage: 'model many says no' }]);
});

test('perf-analyze refuses --streaming where there is none, and a decoupled model without it', async (t) => {
  await using place = createWorkplace();
  await using server = await startDecoupledServer(() => 1);
  const http = await runIn(place, '-m', 'simple', '--streaming');
  t.is(http.code, 64);
  t.regex(http.stderr, /Cannot use --streaming over http: expected -i grpc, got -i http/);
  const sync = await runIn(place, '-m', 'simple', ...streaming, '--sync');
  t.regex(sync.stderr, /Cannot use --sync with --streaming: expected one of them, got both/);
  const unary = await runIn(place, '-m', 'many', '-u', server.address, '-i', 'grpc');
  t.is(unary.code, 64);
  t.regex(unary.stderr, /'many', which is decoupled: expected -i grpc --streaming, got single calls over grpc/);
});
