import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import test from 'ava';
import { createHttpClient } from '../../src/client/http-client.js';
import { createWorkplace } from '../helpers/cli.js';
import { runIn } from '../helpers/command-here.js';
import { readRun } from '../helpers/read-run.js';
import { serverForAll } from '../helpers/shared-server.js';
import { doubling, ensembleFiles, ensembleText } from '../server/backends/ensemble/ensemble-models.js';
import { simpleModel, simpleRequest } from '../server/live-service.js';
import { testRepository } from '../server/model-folder.js';
import { addSubOnnx } from '../server/tiny-onnx.js';

const outer = ensembleText({
  inputs: doubling.inputs,
  outputs: { SUM: undefined },
  steps: [
    { model: 'doubling', in: { A: 'A', B: 'B' }, out: { TWICE_A: 'X', TWICE_B: 'Y' } },
    { model: 'simple', in: { INPUT0: 'X', INPUT1: 'Y' }, out: { OUTPUT0: 'SUM' } },
  ],
});

const files = {
  ...simpleModel(),
  ...ensembleFiles('doubling', ensembleText(doubling)),
  ...ensembleFiles('outer', outer),
};

/** Of all these, and of two models that nothing is composed of; tests that count what it does take turns. */
const server = serverForAll(async (place) => {
  const others = { 'called/1/model.onnx': addSubOnnx(), 'idle/3/model.onnx': addSubOnnx() };
  for (const [name, content] of Object.entries({ ...files, ...others })) {
    const file = place.path(`models/${name}`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
});

const exactly = (requests: number) => ['--request-count', String(requests)];

for (const protocol of ['http', 'grpc'] as const) {
  test.serial(
    `a nested ensemble over ${protocol}: its models in the report, the run document and files of their own`,
    async (t) => {
      await using place = createWorkplace();
      await using repository = await testRepository(files);
      await mkdir(place.path('out'));
      // Once on a server that loads `outer` alone, and with it what it is made of.
      const embedded = ['--model-repository', repository.path, '--service-kind', 'embedded'];
      const where = protocol === 'http' ? embedded : ['-u', server().urlOf(protocol)];
      const output = ['-f', 'out/perf.csv', '--json', 'run.json'];
      const target = ['-m', 'outer', '-i', protocol, ...where];
      const { code, stdout, stderr } = await runIn(place, ...target, ...exactly(40), ...output);
      t.true(code === 0 || code === 2, stderr); // a busy machine may make the level suspect, not wrong
      t.regex(stdout, /Composing models, mean per request of the model \(ms\)\nconcurrency {2}model .*requests/);
      t.regex(stdout, /\n +1 {2}doubling +1 +40 /);
      t.regex(stdout, /\n +1 {4}simple +1 +120 /);

      const run = readRun(place, 'run.json');
      t.deepEqual(run.model.composing, [
        { name: 'doubling', version: '1', isServersChoice: true, depth: 1, stepsPerRequest: 1 },
        { name: 'simple', version: '1', isServersChoice: true, depth: 2, stepsPerRequest: 3 },
      ]);
      const [level] = run.levels;
      const [inner, simple] = level?.composing ?? [];
      t.like(inner?.server, { requests: 40, executions: 40 });
      t.like(simple?.server, { requests: 120, inferences: 120, executions: 120 });
      const own = level?.summary.server;
      const leaf = simple?.server;
      if (own === undefined || leaf === undefined) throw new Error('no statistics');
      t.true(Math.abs(own.computeInferMs - 3 * leaf.computeInferMs) < 1e-6, 'the sum of its steps');
      t.true(own.queueMs >= 3 * leaf.queueMs);
      const sum = own.queueMs + own.computeInputMs + own.computeInferMs + own.computeOutputMs + own.overheadMs;
      t.true(Math.abs(sum - own.requestMs) < 1e-6, `${sum} of ${own.requestMs}`);

      t.deepEqual(readdirSync(place.path('out')).toSorted(), [
        'doubling_v1.perf.csv',
        'perf.csv',
        'simple_v1.perf.csv',
      ]);
      const csv = (name: string) =>
        readFileSync(place.path(`out/${name}`), 'utf8')
          .trimEnd()
          .split('\n');
      const [titles, row, ...rest] = csv('simple_v1.perf.csv');
      t.is(
        titles,
        'Concurrency,Inferences/Second,Client Send,Network+Server Send/Recv,Server Queue,Server Compute Input,' +
          'Server Compute Infer,Server Compute Output,Client Recv',
      );
      t.deepEqual(rest, []);
      const cells = row?.split(',').map(Number) ?? [];
      t.is(cells[0], 1);
      t.true(Math.abs((cells[1] ?? 0) / (3 * (level?.summary.throughput ?? 0)) - 1) < 1e-4);
      t.is(cells[6], Math.round(1000 * leaf.computeInferMs));
    },
  );
}

test.serial('--bls-composing-models shows the models that the server calls meanwhile', async (t) => {
  await using place = createWorkplace();
  await using client = createHttpClient({ origin: `http://${server().urlOf('http')}` });
  const target = ['-u', server().urlOf('http'), '-m', 'simple', '-p', '200', '-r', '3', '--bls-composing-models'];
  const analysis = place.start(...target, 'called:1, idle', '-f', 'p.csv', '--json', 'run.json');
  // What the measured model would do by itself.
  let isDone = false;
  const ended = analysis.result.finally(() => {
    isDone = true;
  });
  while (!isDone) await client.infer({ ...simpleRequest(1), modelName: 'called' });
  const { code, stderr } = await ended;
  t.true(code === 0 || code === 2, stderr);
  const run = readRun(place, 'run.json');
  t.deepEqual(run.settings.blsComposingModels, [
    { name: 'called', version: '1' },
    { name: 'idle', version: '' },
  ]);
  t.deepEqual(
    run.levels[0]?.composing?.map(({ name, version, stepsPerRequest }) => [name, version, stepsPerRequest]),
    [['called', '1', 0]],
  );
  t.true(existsSync(place.path('called_v1.p.csv')) && existsSync(place.path('idle_v3.p.csv')));
});

test.serial(
  '--bls-composing-models and ensembles that cannot be: refused in one line before the first request',
  async (t) => {
    await using place = createWorkplace();
    await using client = createHttpClient({ origin: `http://${server().urlOf('http')}` });
    const inferences = async () => (await client.statistics({ name: 'simple' }))[0]?.inference_count;
    const before = await inferences();
    const run = (...args: readonly string[]) => runIn(place, '-u', server().urlOf('http'), ...exactly(5), ...args);
    const ghost = await run('-m', 'simple', '--bls-composing-models', 'ghost');
    t.is(ghost.code, 5);
    t.regex(
      ghost.stderr,
      /Cannot measure model 'ghost' of --bls-composing-models: expected it to be ready on .*, got a server that has called, doubling, idle, outer, simple\n/,
    );
    const version = await run('-m', 'doubling', '--bls-composing-models', 'outer:2');
    t.is(version.code, 5);
    t.regex(
      version.stderr,
      /Cannot measure version 2 of model 'outer' of --bls-composing-models: .*, got version 1 READY\n/,
    );
    await mkdir(place.path('simple_v1.f.csv'));
    const folder = await run('-m', 'doubling', '-f', 'f.csv');
    t.is(folder.code, 64);
    t.regex(folder.stderr, /Cannot write -f simple_v1\.f\.csv: expected a file, got a folder/);
    t.is(await inferences(), before);
  },
);
