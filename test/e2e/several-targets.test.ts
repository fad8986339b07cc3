import { readFileSync, writeFileSync } from 'node:fs';
import test from 'ava';
import type { Level, LevelPart } from '../../src/core/run.js';
import { createWorkplace, startRemoteServer, type Workplace } from '../helpers/cli.js';
import { refusalOf, runIn } from '../helpers/command-here.js';
import { readRun } from '../helpers/read-run.js';
import { serverForAll } from '../helpers/shared-server.js';
import { startV2Stub, v2Answer, v2Metadata } from '../helpers/v2-stub.js';

const protocols = ['http', 'grpc'] as const;

/** Tests that count what they have done there take turns. */
const leftServer = serverForAll(['simple']);
const rightServer = serverForAll(['simple']);

const levelOf = (place: Workplace): Level => {
  const [level] = readRun(place, 'run.json').levels;
  if (level === undefined) throw new Error('no level');
  return level;
};

const counts = (parts: readonly LevelPart[] = []) => parts.map(({ name, requests }) => [name, requests.ok] as const);

for (const [protocol, load] of [
  ['http', ['--concurrency-range', '4']],
  ['grpc', ['--request-rate-range', '200']],
] as const) {
  test(`the embedded server counts what the weights say, ${protocol}, ${load[0]}`, async (t) => {
    await using place = createWorkplace();
    const { code, stderr, stdout } = await runIn(
      place,
      ...['-m', 'simple=3,identity_fp32=1', '--service-kind', 'embedded', '-i', protocol, ...load],
      ...['--shape', 'INPUT0:16', '--request-count', '80', '--warmup-request-count', '10', '--json', 'run.json'],
      ...['-f', 'perf.csv', '--profile-export-file', 'profile.json', '--max-error-rate', '0'],
    );
    t.true(code === 0 || code === 2, stderr); // a busy machine sends late
    const level = levelOf(place);
    t.deepEqual(counts(level.models), [
      ['simple', 60],
      ['identity_fp32', 20],
    ]);
    t.deepEqual(
      level.models?.map(({ summary }) => summary.server?.requests),
      [60, 20],
    );
    t.is(level.summary.server?.requests, 80);
    t.regex(
      stdout,
      /simple version 1 \(onnxruntime_onnx, 75 %\) \+ identity_fp32 version 1 \(onnxruntime_onnx, 25 %\)/,
    );
    t.regex(stdout, /By model \(ms\)/);
    const rows = readFileSync(place.path('perf.csv'), 'utf8').trimEnd().split('\n');
    t.deepEqual(
      rows.map((row) => row.split(',').at(-1)),
      ['Model', '', 'simple', 'identity_fp32'],
    );
    const [experiment] = JSON.parse(readFileSync(place.path('profile.json'), 'utf8')).experiments;
    const labels: string[] = experiment.requests.map(({ model }: { model: string }) => model);
    t.is(labels.filter((label) => label === 'simple').length, 60);
    t.is(labels.length, 80);
  });
}

for (const protocol of protocols) {
  test.serial(`two servers share a load, and what they say is added up, ${protocol}`, async (t) => {
    await using place = createWorkplace();
    const urls = [leftServer(), rightServer()].map(({ urlOf }) => urlOf(protocol));
    const args = ['-m', 'simple', '-i', protocol, ...urls.flatMap((url) => ['-u', url]), '--json', 'run.json'];
    const open = await runIn(place, ...args, '--request-rate-range', '200', '--request-count', '60', '-f', 'perf.csv');
    t.true(open.code === 0 || open.code === 2, open.stderr);
    t.deepEqual(
      counts(levelOf(place).servers),
      urls.map((url) => [url, 30]),
    );
    t.is(levelOf(place).summary.server?.requests, 60);
    t.regex(open.stdout, /By server \(ms\)/);
    t.true(readFileSync(place.path('perf.csv'), 'utf8').includes(urls[1] ?? ''));

    const closed = await runIn(place, ...args, '--concurrency-range', '4', '--request-count', '60');
    t.true(closed.code === 0 || closed.code === 2, closed.stderr);
    const level = levelOf(place);
    t.is(level.requests.ok, 60);
    for (const { summary, requests } of level.servers ?? []) {
      t.true(requests.ok > 0);
      t.is(summary.server?.requests, requests.ok);
    }
    t.deepEqual(
      readRun(place, 'run.json').servers?.map(({ url }) => url),
      urls,
    );
  });

  test.serial(
    `a server that is killed in the middle fails on its own connections, and the other goes on, ${protocol}`,
    async (t) => {
      await using place = createWorkplace();
      const right = await startRemoteServer(place);
      const urls = [leftServer(), right].map(({ urlOf }) => urlOf(protocol));
      const cli = place.start(
        ...['-m', 'simple', '-i', protocol, ...urls.flatMap((url) => ['-u', url]), '--concurrency-range', '4'],
        ...['-p', '250', '-r', '12', '-s', '0', '--json', 'run.json'],
      );
      await cli.seen(/Servers: /);
      while ((await inferencesOf(right.port)) < 20)
        if (cli.child.exitCode !== null) throw new Error('it ended too early');
      right.server.child.kill('SIGKILL');
      const { code, stdout, stderr } = await cli.result;
      t.is(code, 2, stderr);
      const level = levelOf(place);
      const [stays, goes] = level.servers ?? [];
      t.deepEqual(stays?.failures, []);
      t.true((stays?.summary.requests ?? 0) > 0);
      t.true((goes?.requests.ok ?? 0) >= 10);
      t.true((goes?.requests.failed ?? 0) >= 3);
      t.is(goes?.requests.failed, level.requests.failed);
      t.true(level.verdict.findings.some(({ code, about }) => code === 'server-lost' && about?.name === urls[1]));
      t.is(level.verdict.kind, 'invalid');
      t.like(level.stability, { stable: false, reason: 'throughput' });
      t.regex(stdout, new RegExp(`server ${urls[1]}: invalid\\. The last \\d+ requests to this server reached nobody`));
    },
  );
}

async function inferencesOf(port: string): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${port}/v2/models/simple/stats`);
  const { model_stats: [stats] = [] } = (await answer.json()) as { model_stats?: { inference_count: number }[] };
  return stats?.inference_count ?? 0;
}

const metadataOf = (name: string, inputs = ['IN']): Record<string, unknown> => ({
  [`/v2/models/${encodeURIComponent(name)}`]: {
    name,
    versions: ['1'],
    platform: 'none',
    inputs: inputs.map((input) => ({ name: input, datatype: 'FP32', shape: [1] })),
    outputs: [{ name: 'OUT', datatype: 'FP32', shape: [1] }],
  },
  [`/v2/models/${encodeURIComponent(name)}/config`]: { name, max_batch_size: 0 },
});

test('a recording server gets the models in the order of the weights, also one whose name needs a backslash', async (t) => {
  await using place = createWorkplace();
  const names: string[] = [];
  await using stub = await startV2Stub(
    (response, { url = '' }) => {
      names.push(decodeURIComponent(url.split('/')[3] ?? ''));
      response.end(v2Answer);
    },
    { ...v2Metadata, ...metadataOf('a,b=c', ['X']) },
  );
  const { code, stderr } = await runIn(
    place,
    ...[
      '-m',
      'm=2,a\\,b\\=c',
      '-u',
      stub.url,
      '--request-count',
      '9',
      '--input',
      'X:constant(7)',
      '--json',
      'run.json',
    ],
  );
  t.is(code, 0, stderr);
  t.is(names.join(' '), 'm a,b=c m m a,b=c m m a,b=c m');
  t.deepEqual(counts(levelOf(place).models), [
    ['m', 6],
    ['a,b=c', 3],
  ]);
});

test('--input-data of several models has the inputs of all, and each model gets its own', async (t) => {
  await using place = createWorkplace();
  const values = new Map<string, number[]>();
  await using stub = await startV2Stub(
    (response, request) => {
      const name = request.url?.split('/')[3] ?? '';
      request.on('data', (bytes: Buffer) => {
        values.set(name, [...(values.get(name) ?? []), bytes.readFloatLE(bytes.length - 4)]);
      });
      response.end(v2Answer);
    },
    { ...v2Metadata, ...metadataOf('n', ['X']) },
  );
  writeFileSync(place.path('steps.json'), JSON.stringify({ data: [1, 2].map((k) => ({ IN: [k], X: [10 * k] })) }));
  const { code, stderr } = await runIn(
    place,
    ...['-m', 'm,n', '-u', stub.url, '--request-count', '8', '--input-data', 'steps.json'],
  );
  t.is(code, 0, stderr);
  t.deepEqual(
    [values.get('m'), values.get('n')],
    [
      [1, 2, 1, 2],
      [10, 20, 10, 20],
    ],
  );
});

test('a fixed schedule goes over several servers, each step once', async (t) => {
  await using place = createWorkplace();
  const steps: number[][] = [[], []];
  const record = (server: number) =>
    startV2Stub((response, request) => {
      request.on('data', (bytes: Buffer) => steps[server]?.push(bytes.readFloatLE(bytes.length - 4)));
      response.end(v2Answer);
    });
  await using left = await record(0);
  await using right = await record(1);
  const data = [0, 5, 10, 15].map((timestamp, index) => ({ timestamp, IN: [index] }));
  writeFileSync(place.path('steps.json'), JSON.stringify({ data }));
  const { code, stderr } = await runIn(
    place,
    ...['-m', 'm', '-u', left.url, '-u', right.url, '--fixed-schedule', '--input-data', 'steps.json'],
  );
  t.true(code === 0 || code === 2, stderr);
  t.deepEqual(
    steps.map((each) => each.toSorted()),
    [
      [0, 2],
      [1, 3],
    ],
  );
});

test('servers that differ in a model are refused', async (t) => {
  const answer = () => undefined;
  await using left = await startV2Stub(answer);
  await using right = await startV2Stub(answer, { ...v2Metadata, ...metadataOf('m', ['OTHER']) });
  const { code, message } = await refusalOf('-m', 'm', '-u', left.url, '-u', right.url, '--concurrency-range', '2');
  t.is(code, 64);
  t.regex(
    message,
    /Cannot measure model 'm' on \S+ and \S+ together: expected the same inputs and outputs, got IN FP32 \[1\] -> OUT FP32 \[1\], max_batch_size 0 and OTHER FP32/,
  );
});

test('every server must answer', async (t) => {
  await using left = await startV2Stub((response) => response.end(v2Answer));
  const { code, message } = await refusalOf('-m', 'm', '-u', left.url, '-u', '127.0.0.1:1', '--concurrency-range', '2');
  t.is(code, 5);
  t.regex(message, /expected an answer from 127\.0\.0\.1:1/);
  t.is(left.inferences(), 0);
});

test('--fixed-schedule with several models is refused', async (t) => {
  await using place = createWorkplace();
  writeFileSync(place.path('steps.json'), JSON.stringify({ data: [{ timestamp: 1, IN: [1] }] }));
  const { code, message } = await refusalOf('-m', 'm,n', '--fixed-schedule', '--input-data', place.path('steps.json'));
  t.is(code, 64);
  t.regex(message, /Cannot use --fixed-schedule: expected one model, whose steps have times, got 2/);
});
