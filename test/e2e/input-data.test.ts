import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import test from 'ava';
import type { Run } from '../../src/core/run.js';
import { createWorkplace, type Workplace } from '../helpers/cli.js';
import { runIn } from '../helpers/command-here.js';
import { schemaErrors } from '../helpers/run-schema.js';
import { serverForAll } from '../helpers/shared-server.js';

const brief = ['--measurement-mode', 'count_windows', '--measurement-request-count', '60', '-r', '3', '-s', '100000'];
const server = serverForAll(['simple', 'simple_string', 'text_encoder']);
const measured = (protocol: 'http' | 'grpc' = 'http'): readonly string[] => [
  ...['-i', protocol, '-u', server().urlOf(protocol), ...brief, '--json', 'run.json'],
];
const usual = { generators: {}, stringLength: 128, tolerance: { absolute: 0, relative: 0 } };
const readRun = (place: Workplace): Run => JSON.parse(readFileSync(place.path('run.json'), 'utf8')) as Run;
const ints = (from: number): number[] => Array.from({ length: 16 }, (_, index) => from + index);

for (const protocol of ['http', 'grpc'] as const) {
  test(`perf-analyze sends the steps of a data file over ${protocol}`, async (t) => {
    await using place = createWorkplace();
    const data = [
      [{ INPUT0: ints(0), INPUT1: { content: ints(5), shape: [16] } }],
      [{ INPUT0: ints(1), INPUT1: ints(2) }],
    ];
    writeFileSync(place.path('data.json'), JSON.stringify({ data }));
    const args = ['-m', 'simple', '-b', '2', '--input-data', 'data.json'];
    const { code, stderr } = await runIn(place, ...args, ...measured(protocol));
    t.is(code, 0, stderr);
    const run = readRun(place);
    t.deepEqual(schemaErrors(run), []);
    t.deepEqual(run.settings.data, {
      source: 'files',
      paths: ['data.json'],
      ...usual,
    });
    t.deepEqual(run.levels[0]?.failures, []);
  });
}

test('perf-analyze mixes shapes and makes inputs with generators', async (t) => {
  await using place = createWorkplace();
  const shapes = ['input_ids', 'attention_mask'].flatMap((name) => [
    ...['--shape', `${name}:8@0.75`],
    ...['--shape', `${name}:12@0.25`],
  ]);
  const inputs = ['--input', 'input_ids:uniform(0,100)', '--input', 'attention_mask:constant(1)'];
  const { code, stderr } = await runIn(place, '-m', 'text_encoder', ...shapes, ...inputs, ...measured());
  t.is(code, 0, stderr);
  const run = readRun(place);
  t.deepEqual(schemaErrors(run), []);
  t.deepEqual(run.settings.shapes['input_ids'], [
    { dims: [8], weight: 0.75 },
    { dims: [12], weight: 0.25 },
  ]);
  t.deepEqual(run.settings.data.generators['input_ids'], { kind: 'uniform', low: 0, high: 100 });
});

test('perf-analyze sends a folder of text, and given strings', async (t) => {
  await using place = createWorkplace();
  mkdirSync(place.path('data'));
  for (const name of ['INPUT0', 'INPUT1']) writeFileSync(place.path(`data/${name}`), `${ints(3).join('\n')}\n`);
  const folder = await runIn(place, '-m', 'simple_string', '--input-data', 'data', ...measured());
  t.is(folder.code, 0, folder.stderr);
  const strings = await runIn(
    place,
    '-m',
    'simple_string',
    '--input-data',
    'zero',
    '--string-data',
    '41',
    ...measured(),
  );
  t.is(strings.code, 0, strings.stderr);
  t.deepEqual(readRun(place).settings.data, { source: 'zero', paths: [], stringData: '41', ...usual });
});

test('perf-analyze refuses a data file in one line that names the place', async (t) => {
  await using place = createWorkplace();
  writeFileSync(place.path('data.json'), '{"data":[{"INPUT0":[1.5],"INPUT1":[1]}]}');
  const { code, stderr } = await runIn(place, '-m', 'simple', '--input-data', 'data.json', ...measured());
  t.is(code, 64);
  t.regex(
    stderr,
    /perf-analyze: Cannot use data.json, stream 0, step 0, input 'INPUT0', element 0: expected an integer .*, got 1.5\n/,
  );
  t.deepEqual(place.leftovers(), []);
});
