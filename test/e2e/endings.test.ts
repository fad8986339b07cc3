import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import test from 'ava';
import type { Run } from '../../src/core/run.js';
import {
  type CliProcess,
  createWorkplace,
  startRemoteServer,
  startServer,
  until,
  type Workplace,
} from '../helpers/cli.js';

/** Long enough that it is certainly cut. */
const long = ['-m', 'simple', '--service-kind', 'embedded', '--concurrency-range', '2', '-p', '60000'];
const outputs = ['-f', 'perf.csv', '--json', 'run.json'];
const started = /Server: embedded, on 127\.0\.0\.1:(\d+)/;

const readRun = (place: Workplace): Run => JSON.parse(readFileSync(place.path('run.json'), 'utf8')) as Run;
const serverPid = (place: Workplace): number =>
  Number(
    place
      .leftovers()
      .find((line) => line.includes(' serve '))
      ?.split(' ')[0],
  );

/** Load is on when the embedded server has answered requests. */
async function underLoad(cli: CliProcess, port: string | undefined): Promise<void> {
  for (;;) {
    if (cli.child.exitCode !== null) throw new Error((await cli.result).stderr);
    const answer = await fetch(`http://127.0.0.1:${port}/v2/models/simple/stats`);
    const { model_stats: [stats] = [] } = (await answer.json()) as { model_stats?: { inference_count: number }[] };
    if ((stats?.inference_count ?? 0) > 100) return;
  }
}

for (const [signal, ...flags] of [['SIGINT'], ['SIGTERM'], ['SIGINT', '--max-threads', '2']] as const) {
  test(`${[signal, ...flags].join(' ')} once: what was measured is written, exit 130, nothing is left`, async (t) => {
    await using place = createWorkplace();
    const cli = place.start(...long, ...outputs, ...flags);
    await underLoad(cli, (await cli.seen(started))[1]);
    cli.child.kill(signal);
    const { code, stdout } = await cli.result;
    t.is(code, 130);
    const run = readRun(place);
    t.true(run.isInterrupted);
    t.deepEqual(run.levels[0]?.stability, { stable: false, reason: 'interrupted' });
    t.true((run.levels[0]?.summary.requests ?? 0) >= 100);
    t.is(run.levels[0]?.summary.failedRequests, 0);
    t.is(readFileSync(place.path('perf.csv'), 'utf8').trimEnd().split('\n').length, 2);
    t.true(stdout.includes('interrupted'));
    t.deepEqual(place.leftovers(), []);
    t.deepEqual(place.temporaryFiles(), []);
  });
}

for (const flags of [[], ['--max-threads', '2']]) {
  test(`SIGINT twice: exit 130 at once, nothing is left ${flags.join(' ')}`, async (t) => {
    await using place = createWorkplace();
    const cli = place.start(...long, ...outputs, ...flags);
    await underLoad(cli, (await cli.seen(started))[1]);
    process.kill(serverPid(place), 'SIGSTOP'); // so that what is in flight never ends
    cli.child.kill('SIGINT');
    await cli.seen(/Interrupted/);
    cli.child.kill('SIGINT');
    t.is((await cli.result).code, 130);
    await until(() => place.leftovers().length === 0);
    t.false(existsSync(place.path('perf.csv')));
  });
}

test('SIGKILL of the command: its server ends too', async (t) => {
  await using place = createWorkplace();
  const cli = place.start(...long);
  await underLoad(cli, (await cli.seen(started))[1]);
  cli.child.kill('SIGKILL');
  await cli.result;
  await until(() => place.leftovers().length === 0);
  t.deepEqual(place.temporaryFiles(), []);
});

test('SIGKILL of the server in the middle of a level: partial results, exit 5', async (t) => {
  await using place = createWorkplace();
  const cli = place.start(...long, ...outputs);
  await underLoad(cli, (await cli.seen(started))[1]);
  process.kill(serverPid(place), 'SIGKILL');
  const { code, stderr, stdout } = await cli.result;
  t.is(code, 5);
  t.regex(stderr, /The embedded server ended: signal SIGKILL/);
  const level = readRun(place).levels[0];
  t.deepEqual(level?.stability, { stable: false, reason: 'server-lost' });
  t.true((level?.summary.requests ?? 0) >= 100);
  t.regex(stdout, /server lost/);
  t.is(readFileSync(place.path('perf.csv'), 'utf8').trimEnd().split('\n').length, 2);
  t.deepEqual(place.leftovers(), []);
});

test('a remote server that goes away: partial results, exit 5', async (t) => {
  await using place = createWorkplace();
  const { server, port } = await startRemoteServer(place);
  const cli = place.start(
    '-m',
    'simple',
    '-u',
    `127.0.0.1:${port}`,
    ...['-p', '150', '-r', '1000', '-s', '0'],
    '--json',
    'run.json',
  );
  await underLoad(cli, port);
  server.child.kill('SIGKILL');
  t.is((await cli.result).code, 5);
  const level = readRun(place).levels[0];
  t.deepEqual(level?.stability, { stable: false, reason: 'server-lost' });
  t.true(level?.failures.some(({ code }) => code === 'connect'));
  t.deepEqual(place.leftovers(), []);
});

test('SIGKILL of a server: an instance of a javascript model that never returns ends too', async (t) => {
  await using place = createWorkplace();
  mkdirSync(place.path('models/stuck/1'), { recursive: true });
  writeFileSync(
    place.path('models/stuck/config.pbtxt'),
    `backend: "javascript"\n${tensor('input')}${tensor('output')}`,
  );
  writeFileSync(place.path('models/stuck/1/model.mjs'), 'export function execute() { for (;;); }\n');
  const { server, port } = await startServer(place);
  const inputs = [{ name: 'input', shape: [1], datatype: 'INT32', data: [1] }];
  const infer = fetch(`http://127.0.0.1:${port}/v2/models/stuck/infer`, {
    method: 'POST',
    body: JSON.stringify({ inputs }),
  });
  infer.catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, 300)); // until it computes
  t.is(place.leftovers().length, 2);
  server.child.kill('SIGKILL');
  await server.result;
  await until(() => place.leftovers().length === 0);
  t.pass();
});

const tensor = (name: string): string => `${name} [ { name: "${name}" data_type: TYPE_INT32 dims: [ 1 ] } ]\n`;
