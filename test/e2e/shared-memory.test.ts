import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import test from 'ava';
import { createHttpClient } from '../../src/client/http-client.js';
import type { Run } from '../../src/core/run.js';
import { buildModel, createWorkplace, type Workplace } from '../helpers/cli.js';
import { schemaErrors } from '../helpers/run-schema.js';
import { sharedMemoryObject } from '../helpers/shared-memory-object.js';

const brief = ['--measurement-mode', 'count_windows', '--measurement-request-count', '60', '-r', '3', '-s', '100000'];
const readRun = (place: Workplace): Run => JSON.parse(readFileSync(place.path('run.json'), 'utf8')) as Run;
const row = (value: (index: number) => number): number[] => Array.from({ length: 16 }, (_, index) => value(index));

/** Objects that a run of ours left behind. */
const leftObjects = (pid: number | undefined): string[] =>
  readdirSync('/dev/shm').filter((name) => name.startsWith(`perf-analyze-${pid}-`));

/** A server that lets clients use shared memory, with a region of somebody else's. */
async function startServerWithRegion(place: Workplace) {
  await buildModel(place, 'simple');
  const ports = ['--http-port', '0', '--grpc-port', '0', '--metrics-port', '0'];
  const server = place.start('serve', '--model-repository', 'models', '--allow-client-shm', ...ports);
  const [, http = ''] = await server.seen(/http\S* .*?127\.0\.0\.1:(\d+)/i);
  const [, grpc = ''] = await server.seen(/gRPC .*?127\.0\.0\.1:(\d+)/i);
  const object = sharedMemoryObject(Buffer.alloc(8));
  await using client = createHttpClient({ origin: `http://127.0.0.1:${http}` });
  await client.registerSystemSharedMemory({ name: 'not-ours', key: object.key, byteSize: 8 });
  const regions = async (): Promise<string[]> => {
    const answer = await fetch(`http://127.0.0.1:${http}/v2/systemsharedmemory/status`);
    return ((await answer.json()) as { name: string }[]).map(({ name }) => name);
  };
  return { server, urls: { http: `127.0.0.1:${http}`, grpc: `127.0.0.1:${grpc}` }, object, regions };
}

for (const [protocol, threads] of [
  ['http', '1'],
  ['grpc', '3'],
] as const) {
  test(`perf-analyze --shared-memory system over ${protocol}, threads ${threads}: right answers, each in a region of its own`, async (t) => {
    await using place = createWorkplace();
    const steps = [1, 2, 3, 4, 5];
    const data = steps.map((step) => ({ INPUT0: row((index) => index * step), INPUT1: row(() => step) }));
    const validation_data = steps.map((step) => ({
      OUTPUT0: row((index) => index * step + step),
      OUTPUT1: row((index) => index * step - step),
    }));
    writeFileSync(place.path('data.json'), JSON.stringify({ data, validation_data }));
    const args = [
      '-m',
      'simple',
      '-i',
      protocol,
      '--service-kind',
      'embedded',
      '--concurrency-range',
      '1:4:3',
      '--max-threads',
      threads,
      '-b',
      '2',
    ];
    const memory = ['--input-data', 'data.json', '--shared-memory', 'system', '--json', 'run.json'];
    const cli = place.start(...args, ...memory, ...brief);
    const { code, stderr } = await cli.result;
    t.is(code, 0, stderr);
    const run = readRun(place);
    t.deepEqual(schemaErrors(run), []);
    t.deepEqual(run.settings.sharedMemory, { kind: 'system', outputBytes: 102400 });
    t.deepEqual(
      run.levels.map(({ failures }) => failures),
      [[], []],
    );
    t.true(run.levels.every(({ summary }) => summary.requests > 0));
    t.deepEqual(leftObjects(cli.child.pid), []);
  });
}

for (const [protocol, threads] of [
  ['http', '3'],
  ['grpc', '1'],
] as const) {
  test(`perf-analyze --shared-memory system over ${protocol}, threads ${threads}: what others registered stays`, async (t) => {
    await using place = createWorkplace();
    const { server, urls, object, regions } = await startServerWithRegion(place);
    const args = ['-m', 'simple', '-i', protocol, '-u', urls[protocol], '--shared-memory', 'system', '-p', '60000'];
    const cli = place.start(...args, '--concurrency-range', '2', '--max-threads', threads, '--json', 'run.json');
    while ((await regions()).length < 4) t.is(cli.child.exitCode, null);
    const ours = (await regions()).filter((name) => name !== 'not-ours');
    t.deepEqual(
      ours.map((name) => name.replace(/-[0-9a-f]{8}-/, '-#-')).sort(),
      ['in', 'out-0', 'out-1'].map((part) => `perf-analyze-${cli.child.pid}-#-${part}`),
    );
    await cli.seen(/Server: /);
    cli.child.kill('SIGINT');
    t.is((await cli.result).code, 130);
    t.deepEqual(await regions(), ['not-ours']);
    t.deepEqual(leftObjects(cli.child.pid), []);
    object[Symbol.dispose]();
    server.child.kill('SIGTERM');
    t.is((await server.result).code, 0);
  });
}

test('perf-analyze --shared-memory system: two models on two servers, each with regions of its own', async (t) => {
  await using place = createWorkplace();
  await buildModel(place, 'identity_fp32');
  const places = [await startServerWithRegion(place), await startServerWithRegion(place)];
  // Both models have an INPUT0 and an OUTPUT0, of other types, and what the one says is right for the other.
  const steps = [1, 2, 3].map((step) => row((index) => index * step));
  const data = steps.map((INPUT0) => ({ INPUT0, INPUT1: row(() => 0) }));
  writeFileSync(
    place.path('data.json'),
    JSON.stringify({ data, validation_data: steps.map((OUTPUT0) => ({ OUTPUT0 })) }),
  );
  const urls = places.flatMap(({ urls: { grpc } }) => ['-u', grpc]);
  const load = ['--concurrency-range', '4', '--request-count', '120', '--max-threads', '2', '--json', 'run.json'];
  const { code, stderr } = await place.run(
    ...['-m', 'simple=2,identity_fp32', '-i', 'grpc', ...urls, ...load],
    ...['--input-data', 'data.json', '--shared-memory', 'system', '--output-shared-memory-size', '64'],
  );
  t.is(code, 0, stderr);
  const [level] = readRun(place).levels;
  t.deepEqual(level?.failures, []);
  t.is(level?.requests.ok, 120);
  for (const part of [...(level?.models ?? []), ...(level?.servers ?? [])]) {
    t.true(part.requests.ok > 0);
    t.is(part.summary.server?.requests, part.requests.ok);
  }
  for (const { server, object, regions } of places) {
    t.deepEqual(await regions(), ['not-ours']);
    object[Symbol.dispose]();
    server.child.kill('SIGTERM');
    await server.result;
  }
});

test('perf-analyze --shared-memory system with strings, whose size nobody knows in advance', async (t) => {
  await using place = createWorkplace();
  const data = [{ INPUT0: row((index) => index).map(String), INPUT1: row(() => 1).map(String) }];
  const validation_data = [{ OUTPUT0: row((index) => index + 1).map(String) }];
  writeFileSync(place.path('data.json'), JSON.stringify({ data, validation_data }));
  const args = ['-m', 'simple_string', '--service-kind', 'embedded', '--input-data', 'data.json', '--json', 'run.json'];
  const { code, stderr } = await place.run(...args, '--shared-memory', 'system', ...brief);
  t.is(code, 0, stderr);
  t.deepEqual(readRun(place).levels[0]?.failures, []);
  const small = await place.run(...args, '--shared-memory', 'system', '--output-shared-memory-size', '16', ...brief);
  t.is(small.code, 3, small.stderr);
  t.regex(readRun(place).levels[0]?.failures[0]?.firstMessage ?? '', /\(16 bytes\) should be at least \d+ bytes/);
});

test('perf-analyze --shared-memory system says why a server refuses', async (t) => {
  await using place = createWorkplace();
  await buildModel(place, 'simple');
  const ports = ['--http-port', '0', '--grpc-port', '0', '--metrics-port', '0'];
  const server = place.start('serve', '--model-repository', 'models', ...ports);
  const [, port = ''] = await server.seen(/http\S* .*?127\.0\.0\.1:(\d+)/i);
  const cli = place.start('-m', 'simple', '-u', `127.0.0.1:${port}`, '--shared-memory', 'system', ...brief);
  const { code, stderr } = await cli.result;
  t.is(code, 5);
  t.regex(
    stderr,
    /Cannot use --shared-memory system: expected the server to register a region, got Client shared memory is disabled/,
  );
  t.regex(stderr, /--allow-client-shm/);
  t.deepEqual(leftObjects(cli.child.pid), []);
  server.child.kill('SIGTERM');
  await server.result;
});
