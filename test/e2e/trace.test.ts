import test from 'ava';
import { createWorkplace } from '../helpers/cli.js';
import { runIn } from '../helpers/command-here.js';
import { readRun } from '../helpers/read-run.js';
import { serverForAll } from '../helpers/shared-server.js';
import { startWitness } from '../helpers/witness.js';

const brief = ['--measurement-mode', 'count_windows', '--measurement-request-count', '20', '-r', '3', '-s', '100000'];

const server = serverForAll(['simple']);

test('perf-analyze sets the trace before the first request, and puts back what was', async (t) => {
  await using place = createWorkplace();
  const metadata = JSON.stringify({ name: 'triton', version: '2', extensions: ['statistics', 'trace'] });
  const present = JSON.stringify({ trace_level: ['OFF'], trace_rate: '1000', trace_count: '-1' });
  await using witness = await startWitness(
    server().port,
    (path) => ({ '/v2': metadata, '/v2/trace/setting': present })[path],
  );
  const { code, stderr } = await runIn(
    place,
    ...['-m', 'simple', '-u', `127.0.0.1:${witness.port}`, ...brief, '--json', 'run.json'],
    ...['--trace-level', 'TIMESTAMPS', '--trace-rate', '5'],
  );
  t.is(code, 0, stderr);
  const posted = witness.seen
    .map(({ method, path, body }, index) => ({ method, path, index, body: body.toString() }))
    .filter(({ method, path }) => method === 'POST' && path === '/v2/trace/setting');
  t.deepEqual(
    posted.map(({ body }) => JSON.parse(body)),
    [
      { trace_level: ['TIMESTAMPS'], trace_rate: '5' },
      { trace_level: ['OFF'], trace_rate: '1000' },
    ],
  );
  const [set, put] = posted;
  const isInference = ({ path }: { path: string }) => path.endsWith('/infer');
  t.true((set?.index ?? Number.POSITIVE_INFINITY) < witness.seen.findIndex(isInference));
  t.true((put?.index ?? 0) > witness.seen.findLastIndex(isInference));
  t.deepEqual(readRun(place, 'run.json').settings.trace, { trace_level: ['TIMESTAMPS'], trace_rate: ['5'] });
});

test('perf-analyze refuses to set a trace where the server has none', async (t) => {
  await using place = createWorkplace();
  const metadata = JSON.stringify({ name: 'triton', version: '2', extensions: ['statistics'] });
  await using witness = await startWitness(server().port, (path) => ({ '/v2': metadata })[path]);
  const { code, stderr } = await runIn(place, '-m', 'simple', '-u', `127.0.0.1:${witness.port}`, '--trace-rate', '5');
  t.is(code, 64);
  t.regex(stderr, /perf-analyze: Cannot set a trace: expected a server with the extension trace, got statistics/);
  t.deepEqual(place.leftovers(), []);
});

test('the trace of several servers is set and put back on each', async (t) => {
  await using place = createWorkplace();
  const metadata = JSON.stringify({ name: 'triton', version: '2', extensions: ['statistics', 'trace'] });
  const present = JSON.stringify({ trace_rate: '1000' });
  const answers = (path: string) => ({ '/v2': metadata, '/v2/trace/setting': present })[path];
  await using first = await startWitness(server().port, answers);
  await using second = await startWitness(server().port, answers);
  const { code, stderr } = await runIn(
    place,
    ...['-m', 'simple', '-u', `127.0.0.1:${first.port}`, '-u', `127.0.0.1:${second.port}`, '--concurrency-range', '2'],
    ...[...brief, '--trace-rate', '5'],
  );
  t.is(code, 0, stderr);
  for (const { seen } of [first, second]) {
    const posted = seen.filter(({ method, path }) => method === 'POST' && path === '/v2/trace/setting');
    t.deepEqual(
      posted.map(({ body }) => JSON.parse(body.toString())),
      [{ trace_rate: '5' }, { trace_rate: '1000' }],
    );
  }
});
