import test from 'ava';
import { composingCsvs } from '../../reports/composing.js';
import { formatJson } from '../../reports/json.js';
import { formatText } from '../../reports/text.js';
import type { ComposingSplit, Level } from '../../src/core/run.js';
import { levelFixture, runFixture, serverSplitFixture } from '../helpers/run-fixture.js';
import { schemaErrors } from '../helpers/run-schema.js';

const split = (name: string, changes: Partial<ComposingSplit> = {}): ComposingSplit => ({
  name,
  version: '1',
  isServersChoice: true,
  depth: 1,
  stepsPerRequest: 1,
  server: { ...serverSplitFixture, requests: 6 },
  ...changes,
});

const level = (concurrency: number, latenciesMs: readonly number[], composing: readonly ComposingSplit[]): Level => ({
  ...levelFixture({ concurrency, latenciesMs, server: serverSplitFixture }),
  composing,
});

const inner = split('inner', { stepsPerRequest: 2 });
const leaf = split('leaf', { depth: 2, version: '3' });
const run = runFixture([level(1, [9, 9, 9, 9], [inner, leaf]), level(2, [10, 11, 12], [inner, leaf])]);
const withModels = {
  ...run,
  settings: { ...run.settings, blsComposingModels: [{ name: 'idle', version: '' }] },
  model: {
    ...run.model,
    composing: [inner, leaf].map(({ server: _, ...model }) => model),
  },
};

test('formatText shows the models within the measured one, level by level', (t) => {
  const text = formatText(withModels);
  const table = text.slice(text.indexOf('Composing models'));
  t.deepEqual(table.split('\n').slice(0, 7), [
    'Composing models, mean per request of the model (ms)',
    'concurrency  model   v  requests  batch  total  queue  input  infer  output  other',
    '───────────  ──────  ─  ────────  ─────  ─────  ─────  ─────  ─────  ──────  ─────',
    '          1  inner   1         6   1.50  8.000  1.000  0.250  6.000   0.500  0.250',
    '          1    leaf  3         6   1.50  8.000  1.000  0.250  6.000   0.500  0.250',
    '          2  inner   1         6   1.50  8.000  1.000  0.250  6.000   0.500  0.250',
    '          2    leaf  3         6   1.50  8.000  1.000  0.250  6.000   0.500  0.250',
  ]);
  t.false(formatText(runFixture([levelFixture({ latenciesMs: [1] })])).includes('Composing'));
});

test('formatText shows the cache of a model that has one', (t) => {
  const cached = split('c', {
    server: { ...serverSplitFixture, cache: { hits: 7, misses: 2, hitMs: 0.1, missMs: 0.2 } },
  });
  const lines = formatText(runFixture([level(1, [9], [cached, inner])])).split('\n');
  const titles = lines.find((line) => line.includes('hits')) ?? '';
  t.true(titles.endsWith('other  hits    hit   miss'));
  t.true(lines.some((line) => line.endsWith('     7  0.100  0.200')));
});

test('composingCsvs has a file for each model version, with the headers and the order of perf_analyzer', (t) => {
  const files = composingCsvs(withModels);
  t.deepEqual(
    files.map(({ name, version }) => [name, version]),
    [
      ['inner', '1'],
      ['leaf', '3'],
    ],
  );
  t.is(
    files[0]?.text,
    'Concurrency,Inferences/Second,Client Send,Network+Server Send/Recv,Server Queue,Server Compute Input,' +
      'Server Compute Infer,Server Compute Output,Client Recv\n' +
      '2,6,0,250,1000,250,6000,500,0\n' + // 3 infer/s, 6 requests for 3 of the measured model
      '1,8,0,250,1000,250,6000,500,0\n',
  );
});

test('composingCsvs has an empty file for a model that never worked', (t) => {
  const idle = { name: 'idle', version: '2', isServersChoice: false, depth: 1, stepsPerRequest: 0 };
  const files = composingCsvs({ ...run, model: { ...run.model, composing: [idle] } });
  t.deepEqual(
    files.map(({ name, version, text }) => [name, version, text.split('\n').length]),
    [
      ['inner', '1', 4],
      ['leaf', '3', 4],
      ['idle', '2', 2],
    ],
  );
});

test('of several models or servers nothing is known within an ensemble, which the report says', (t) => {
  const { composing: _, ...plain } = level(1, [9, 9, 9, 9], []);
  const alone = { ...withModels, levels: [plain] };
  t.notRegex(formatText(alone), /queues of its own models/);
  for (const several of [
    { ...alone, servers: [run.server, run.server] },
    { ...alone, models: [run.model, { ...withModels.model, name: 'pipeline' }] },
  ]) {
    t.deepEqual(composingCsvs(several), [], 'rather than files that say that nobody worked');
    t.regex(
      formatText(several),
      /! \S+: with several models or servers the time in the queues of its own models counts as/,
    );
  }
});

test('composingCsvs has cache columns only with a cache', (t) => {
  const cached = split('c', {
    server: { ...serverSplitFixture, cache: { hits: 7, misses: 2, hitMs: 0.1, missMs: 0.2 } },
  });
  const [file] = composingCsvs(runFixture([level(1, [9, 9, 9], [cached])]));
  t.true(file?.text.includes('Server Compute Output,Server Cache Hit,Server Cache Miss,Client Recv\n'));
  t.true(file?.text.endsWith(',500,100,200,0\n'));
});

test('the run schema knows the models within the measured one', (t) => {
  t.deepEqual(schemaErrors(JSON.parse(formatJson(withModels))), []);
});
