import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import test from 'ava';
import { buildModel, createWorkplace, type Workplace } from '../helpers/cli.js';
import { refusalOf, runIn } from '../helpers/command-here.js';

interface Case {
  readonly title: string;
  readonly args: readonly string[];
  readonly code: number;
  /** All of these are in the one line that says why. */
  readonly says: readonly string[];
  readonly prepare?: (place: Workplace) => Promise<unknown>;
}

const embedded = ['--service-kind', 'embedded'];
const buildSimple = (place: Workplace) => buildModel(place, 'simple');
const configOf = (place: Workplace): string => place.path('models/simple/config.pbtxt');

const cases: readonly Case[] = [
  { title: 'no model', args: [], code: 64, says: ['expected a model with -m, got none'] },
  {
    title: 'an unknown model',
    args: ['-m', 'nope', ...embedded],
    code: 5,
    says: ["'nope'", 'the sample model', 'simple'],
  },
  {
    title: 'a batch over the maximum',
    args: ['-m', 'simple', '-b', '9', ...embedded],
    code: 64,
    says: ['-b 9', 'at most 8', 'got 9'],
  },
  {
    title: 'a variable input without a shape',
    args: ['-m', 'identity_fp32', ...embedded],
    code: 64,
    says: ['INPUT0', '--shape INPUT0'],
  },
  {
    title: 'a model that the repository does not have',
    args: ['-m', 'mlp', '--model-repository', 'models'],
    code: 5,
    says: ["'mlp'", 'models/mlp'],
    prepare: buildSimple,
  },
  {
    title: 'a config.pbtxt with an unknown field',
    args: ['-m', 'simple', '--model-repository', 'models'],
    code: 5,
    says: ['models/simple/config.pbtxt:3', 'max_batchsize'],
    prepare: async (place) => {
      await buildSimple(place);
      const lines = readFileSync(configOf(place), 'utf8').split('\n');
      writeFileSync(configOf(place), [...lines.slice(0, 2), 'max_batchsize: 8', ...lines.slice(2)].join('\n'));
    },
  },
  {
    title: 'an ONNX file that was cut in half',
    args: ['-m', 'simple', '--model-repository', 'models'],
    code: 5,
    says: ['models/simple/1/model.onnx'],
    prepare: async (place) => {
      await buildSimple(place);
      const file = place.path('models/simple/1/model.onnx');
      truncateSync(file, Math.floor(readFileSync(file).length / 2));
    },
  },
  {
    title: 'a model folder without a version',
    args: ['-m', 'empty', '--model-repository', 'models'],
    code: 5,
    says: ["'empty'"],
    prepare: async (place) => mkdirSync(place.path('models/empty'), { recursive: true }),
  },
];

for (const { title, args, code, says, prepare } of cases) {
  test(`perf-analyze refuses ${title}`, async (t) => {
    await using place = createWorkplace();
    await prepare?.(place);
    const result = await runIn(place, ...args);
    t.is(result.code, code, result.stderr);
    const refusals = result.stderr.split('\n').filter((line) => line.startsWith('perf-analyze: '));
    t.is(refusals.length, 1, result.stderr);
    for (const text of says) t.true(refusals[0]?.includes(text), result.stderr);
    t.false(result.stderr.includes('    at '), result.stderr);
    t.is(result.stdout, '');
    t.deepEqual(place.leftovers(), []);
    t.deepEqual(place.temporaryFiles(), []);
  });
}

/** Refused before anything is started. */
const readOnly: readonly Case[] = [
  { title: 'an unknown flag', args: ['-m', 'simple', '--bogus', '1'], code: 64, says: ['bogus'] },
  {
    title: 'a flag that serve does not have',
    args: ['serve', '--model-repository', 'x', '--grpc-use-ssl', 'true'],
    code: 64,
    says: ['expected flags and commands that --help lists', 'grpc-use-ssl'],
  },
  { title: 'an unknown command', args: ['meassure'], code: 64, says: ['meassure'] },
  {
    title: 'a range that is none',
    args: ['-m', 'simple', '--concurrency-range', '8:1x'],
    code: 64,
    says: ['--concurrency-range', 'start[:end[:step]]', "'8:1x'"],
  },
  { title: 'a flag given twice', args: ['-m', 'simple', '-m', 'mlp'], code: 64, says: ['-m', 'once'] },
  {
    title: 'a flag without its value',
    args: ['-m', '--concurrency-range', '1'],
    code: 64,
    says: ['expected a value behind -m, got none'],
  },
  { title: 'serve without a repository', args: ['serve'], code: 64, says: ['expected --model-repository, got none'] },
  {
    title: 'a mode that is none',
    args: ['serve', '--model-repository', 'x', '--model-control-mode', 'bogus'],
    code: 64,
    says: ["expected --model-control-mode with one of none, explicit, poll, got 'bogus'"],
  },
  { title: 'report without a run', args: ['report'], code: 64, says: ['at least 1', 'got 0'] },
  {
    title: 'models of a name without a folder',
    args: ['models', '-m', 'mlp'],
    code: 64,
    says: ['-m mlp', '--build DIR'],
  },
  {
    title: 'a choice that is none',
    args: ['-m', 'simple', '-i', 'http2'],
    code: 64,
    says: ['-i', 'http, grpc', "'http2'"],
  },
  {
    title: 'an open end without a limit',
    args: ['-m', 'simple', '--concurrency-range', '1:0'],
    code: 64,
    says: ['--concurrency-range', '-l'],
  },
  {
    title: 'a refused connection over HTTP',
    args: ['-m', 'simple', '-u', '127.0.0.1:1'],
    code: 5,
    says: ['127.0.0.1:1', 'ECONNREFUSED'],
  },
  {
    title: 'a refused connection over gRPC',
    args: ['-m', 'simple', '-u', '127.0.0.1:1', '-i', 'grpc'],
    code: 5,
    says: ['127.0.0.1:1'],
  },
  {
    title: 'a URL and the embedded server',
    args: ['-m', 'simple', '-u', 'localhost:8000', ...embedded],
    code: 64,
    says: ['-u', '--service-kind embedded'],
  },
  {
    title: 'a report into a folder that is not there',
    args: ['-m', 'simple', '-f', 'none/perf.csv'],
    code: 64,
    says: ['-f none/perf.csv'],
  },
  {
    title: 'a repository that is not there',
    args: ['-m', 'simple', '--model-repository', 'none'],
    code: 64,
    says: ['--model-repository none'],
  },
];

for (const { title, args, code, says } of readOnly) {
  test(`perf-analyze refuses ${title}`, async (t) => {
    const { message, stdout, ...refusal } = await refusalOf(...args);
    t.is(refusal.code, code, message);
    for (const text of says) t.true(message.includes(text), message);
    t.false(message.includes('\n'), message);
    t.is(stdout, '');
  });
}

test('perf-analyze serve refuses a port in use', async (t) => {
  await using place = createWorkplace();
  await buildSimple(place);
  const taken = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  const port = (taken.address() as { port: number }).port;
  const result = await place.run(
    'serve',
    '--model-repository',
    'models',
    '--http-port',
    String(port),
    '--grpc-port',
    '0',
    '--metrics-port',
    '0',
  );
  taken.close();
  t.is(result.code, 64, result.stderr);
  t.regex(result.stderr, new RegExp(`perf-analyze: .*--http-port.*${port}|perf-analyze: .*${port}.*--http-port`));
  t.deepEqual(place.leftovers(), []);
});

for (const args of [['--help'], ['serve', '--help'], ['models', '--help'], ['--version']]) {
  test(`perf-analyze ${args.join(' ')} prints to standard output and exits with 0`, async (t) => {
    await using place = createWorkplace();
    const { code, stdout, stderr } = await place.run(...args);
    t.is(code, 0);
    t.is(stderr, '');
    t.true(stdout.length > 0);
  });
}
