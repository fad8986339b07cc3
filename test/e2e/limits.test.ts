import { mkdirSync } from 'node:fs';
import test from 'ava';
import { levelValue } from '../../src/core/load-name.js';
import { createWorkplace, startServer, type Workplace } from '../helpers/cli.js';
import { runHere } from '../helpers/command-here.js';
import { writeFixedService } from '../helpers/fixed-service.js';
import { readRun } from '../helpers/read-run.js';

/** One server for all: the models mostly sleep, and hardly disturb one another. */
async function serving(place: Workplace): Promise<string> {
  const models = place.path('models');
  mkdirSync(models);
  writeFixedService(models, 'plain', 2);
  writeFixedService(models, 'cached', 2, 'response_cache { enable: true }');
  writeFixedService(models, 'slow', 10);
  writeFixedService(models, 'steady', 10);
  writeFixedService(models, 'stream', 2);
  const { server, port } = await startServer(place, '--cache-config', 'local,size=1000000');
  stop = () => server.child.kill('SIGTERM');
  return `127.0.0.1:${port}`;
}

const place = createWorkplace();
let stop: () => void = () => undefined;
const server = serving(place);
test.after.always(async () => {
  stop();
  await place[Symbol.asyncDispose]();
});

async function measured(model: string, ...flags: readonly string[]) {
  const file = `${model}.json`;
  const result = await runHere('-m', model, '-u', await server, ...flags, '--json', place.path(file));
  return { ...result, run: readRun(place, file) };
}

test('--detect-cache finds the response cache of a model that has one', async (t) => {
  const { code, run, stdout } = await measured('cached', '--detect-cache');
  t.is(code, 0);
  t.is(run.cacheTest?.verdict, 'found');
  t.true((run.cacheTest?.ratio?.value ?? 0) > 1.5, JSON.stringify(run.cacheTest));
  t.regex(stdout, /! Cache: found, repeated inputs are answered [\d.]+ times as fast as new ones/);
});

test('--detect-cache finds none where there is none', async (t) => {
  const { run } = await measured('plain', '--detect-cache');
  t.not(run.cacheTest?.verdict, 'found', JSON.stringify(run.cacheTest));
  t.is(run.cacheTest?.rounds, 100);
});

/** However busy the machine is, nobody is served faster than the model works. */
const capacity = 100;

test('--find-max-rate ends within 12 probes, with the rate that separates those that met the limit from those that missed it', async (t) => {
  const limit = ['--find-max-rate', 'perf_latency_p90<=50ms', '--request-rate-range', '50', '--max-time', '1s'];
  const { code, run, stdout } = await measured('slow', ...limit, '--request-distribution', 'poisson');
  t.true(run.levels.length <= 12);
  const { rate = 0, low = 0, high = 0, isBracketed } = run.maxRate ?? {};
  t.true(rate > 0 && rate < 1.05 * capacity, String(rate));
  t.true(low <= rate && rate <= high);
  const probes = run.levels.map(({ load, probe }) => ({ rate: levelValue(load), answer: probe?.answer }));
  t.true(probes.filter((probe) => probe.rate > 2 * capacity).every(({ answer }) => answer === 'missed'));
  // Whatever speed the machine has now: a probe with bad luck, or in a bad moment, is made good by the others.
  const onWrongSide = probes.filter(({ rate: probed, answer }) =>
    answer === 'met' ? probed > 1.5 * rate : answer === 'missed' && 1.5 * probed < rate,
  );
  // A client that was late shows that others use the machine, whose speed then changes from probe to probe.
  const isOurs = probes.every(({ answer }) => answer !== 'late');
  if (isOurs) t.true(onWrongSide.length <= probes.length / 4, JSON.stringify({ rate, probes }));
  t.true(code === 2 || (code === 0 && isBracketed === true), stdout);
  t.regex(stdout, /! Largest rate with p90 <= 50 ms: .*\./);
});

test('--find-knee measures levels until throughput no longer grows, or the range ends', async (t) => {
  const { run } = await measured('steady', '--find-knee', '--concurrency-range', '1:8', '--max-time', '1s');
  t.deepEqual(
    run.levels.slice(0, 3).map(({ load }) => levelValue(load)),
    [1, 2, 4],
  );
  const { throughput = 0, concurrency = 0 } = run.knee ?? {};
  t.true(throughput > 0 && throughput < 1.05 * capacity, String(throughput));
  t.true(concurrency > 0.5, String(concurrency));
});

test('--scenario single-stream of a short run is valid, and says that it is no MLPerf result', async (t) => {
  const { code, run, stdout } = await measured(
    'stream',
    ...['--scenario', 'single-stream', '--min-time', '1s', '--max-time', '60s'], // A busy machine may need it for 100 queries.
  );
  t.is(code, 0);
  t.like(run.levels[0]?.scenario, { isValid: true });
  t.true((run.levels[0]?.scenario?.latencyMs ?? 0) > 2);
  t.regex(stdout, /! MLPerf scenario single-stream: p90 [\d.]+ ms, .*: VALID\./);
  t.regex(stdout, /! This is no MLPerf result: at least 1 s, where the rules ask for 600 s\./);
});
