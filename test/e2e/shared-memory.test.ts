import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import test from 'ava';
import { createHttpClient } from '../../src/client/http-client.js';
import type { Run } from '../../src/core/run.js';
import { createWorkplace, type RemoteServer, type Workplace } from '../helpers/cli.js';
import { runIn } from '../helpers/command-here.js';
import { schemaErrors } from '../helpers/run-schema.js';
import { sharedMemoryObject } from '../helpers/shared-memory-object.js';
import { serverForAll } from '../helpers/shared-server.js';

const brief = ['--measurement-mode', 'count_windows', '--measurement-request-count', '60', '-r', '3', '-s', '100000'];
const readRun = (place: Workplace): Run => JSON.parse(readFileSync(place.path('run.json'), 'utf8')) as Run;
const row = (value: (index: number) => number): number[] => Array.from({ length: 16 }, (_, index) => value(index));

/** Objects that a run of ours left behind. */
const leftObjects = (pid: number | undefined): string[] =>
  readdirSync('/dev/shm').filter((name) => name.startsWith(`perf-analyze-${pid}-`));

const models = ['simple', 'simple_string', 'identity_fp32'];
const allowing = serverForAll(models, '--allow-client-shm');
const second = serverForAll(models, '--allow-client-shm');
const refusing = serverForAll(['simple']);

const regionsOf = async ({ urlOf }: RemoteServer): Promise<string[]> => {
  const answer = await fetch(`http://${urlOf('http')}/v2/systemsharedmemory/status`);
  return ((await answer.json()) as { name: string }[]).map(({ name }) => name);
};

/** A region of somebody else's on a server, for as long as it is in scope. */
async function foreignRegion({ urlOf }: RemoteServer): Promise<AsyncDisposable> {
  const object = sharedMemoryObject(Buffer.alloc(8));
  await using client = createHttpClient({ origin: `http://${urlOf('http')}` });
  await client.registerSystemSharedMemory({ name: 'not-ours', key: object.key, byteSize: 8 });
  return {
    [Symbol.asyncDispose]: async () => {
      await using other = createHttpClient({ origin: `http://${urlOf('http')}` });
      await other.unregisterSystemSharedMemory('not-ours');
      object[Symbol.dispose]();
    },
  };
}

for (const [protocol, threads, server] of [
  ['http', '1', undefined],
  ['grpc', '3', allowing],
] as const) {
  test.serial(
    `perf-analyze --shared-memory system over ${protocol}, threads ${threads}: right answers, each in a region of its own`,
    async (t) => {
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
        ...(server === undefined ? ['--service-kind', 'embedded'] : ['-u', server().urlOf(protocol)]),
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
    },
  );
}

for (const [protocol, threads] of [
  ['http', '3'],
  ['grpc', '1'],
] as const) {
  test.serial(
    `perf-analyze --shared-memory system over ${protocol}, threads ${threads}: what others registered stays`,
    async (t) => {
      await using place = createWorkplace();
      await using _region = await foreignRegion(allowing());
      const regions = () => regionsOf(allowing());
      const where = ['-i', protocol, '-u', allowing().urlOf(protocol)];
      const args = ['-m', 'simple', ...where, '--shared-memory', 'system', '-p', '60000'];
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
    },
  );
}

test.serial(
  'perf-analyze --shared-memory system: two models on two servers, each with regions of its own',
  async (t) => {
    await using place = createWorkplace();
    const servers = [allowing(), second()];
    await using _left = await foreignRegion(allowing());
    await using _right = await foreignRegion(second());
    // Both models have an INPUT0 and an OUTPUT0, of other types, and what the one says is right for the other.
    const steps = [1, 2, 3].map((step) => row((index) => index * step));
    const data = steps.map((INPUT0) => ({ INPUT0, INPUT1: row(() => 0) }));
    writeFileSync(
      place.path('data.json'),
      JSON.stringify({ data, validation_data: steps.map((OUTPUT0) => ({ OUTPUT0 })) }),
    );
    const urls = servers.flatMap(({ urlOf }) => ['-u', urlOf('grpc')]);
    const load = ['--concurrency-range', '4', '--request-count', '120', '--max-threads', '2', '--json', 'run.json'];
    const { code, stderr } = await runIn(
      place,
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
    for (const server of servers) t.deepEqual(await regionsOf(server), ['not-ours']);
    t.deepEqual(leftObjects(process.pid), []);
  },
);

test.serial('perf-analyze --shared-memory system with strings, whose size nobody knows in advance', async (t) => {
  await using place = createWorkplace();
  const data = [{ INPUT0: row((index) => index).map(String), INPUT1: row(() => 1).map(String) }];
  const validation_data = [{ OUTPUT0: row((index) => index + 1).map(String) }];
  writeFileSync(place.path('data.json'), JSON.stringify({ data, validation_data }));
  const files = ['--input-data', 'data.json', '--json', 'run.json'];
  const args = ['-m', 'simple_string', '-u', allowing().urlOf('http'), ...files];
  const { code, stderr } = await runIn(place, ...args, '--shared-memory', 'system', ...brief);
  t.is(code, 0, stderr);
  t.deepEqual(readRun(place).levels[0]?.failures, []);
  const small = await runIn(place, ...args, '--shared-memory', 'system', '--output-shared-memory-size', '16', ...brief);
  t.is(small.code, 3, small.stderr);
  t.regex(readRun(place).levels[0]?.failures[0]?.firstMessage ?? '', /\(16 bytes\) should be at least \d+ bytes/);
});

test.serial('perf-analyze --shared-memory system says why a server refuses', async (t) => {
  await using place = createWorkplace();
  const where = ['-m', 'simple', '-u', refusing().urlOf('http')];
  const { code, stderr } = await runIn(place, ...where, '--shared-memory', 'system', ...brief);
  t.is(code, 5);
  t.regex(
    stderr,
    /Cannot use --shared-memory system: expected the server to register a region, got Client shared memory is disabled/,
  );
  t.regex(stderr, /--allow-client-shm/);
  t.deepEqual(leftObjects(process.pid), []);
});
