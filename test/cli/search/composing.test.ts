import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { weightedGainLine } from '../../../reports/weighted-gain.js';
import { parseVariations } from '../../../src/cli/flags/vary-flag.js';
import { applyCandidate } from '../../../src/cli/search/apply-candidate.js';
import { liveSpace } from '../../../src/cli/search/live-space.js';
import { createLoader } from '../../../src/cli/search/load-candidate.js';
import { modelsBeside } from '../../../src/cli/search/models-together.js';
import { nameVariants } from '../../../src/cli/search/name-variants.js';
import type { SearchServer } from '../../../src/cli/search/open-search-server.js';
import { trialOfLevel } from '../../../src/cli/search/trial-of-level.js';
import { configurationChanges, writeConfigurations } from '../../../src/cli/search/write-configuration.js';
import { readSearchArguments } from '../../../src/cli/search-command.js';
import type { Level } from '../../../src/core/run.js';
import type { ModelConfig } from '../../../src/protocol/model-config.js';
import { parseModelConfig } from '../../../src/protocol/model-config-codec.js';
import { levelFixture } from '../../helpers/run-fixture.js';
import { doubling, ensembleFiles, ensembleText } from '../../server/backends/ensemble/ensemble-models.js';
import { liveService, simpleModel } from '../../server/live-service.js';

const ensemble = parseModelConfig(`name: "whole" ${ensembleText(doubling)}`);
const part = parseModelConfig('name: "simple" max_batch_size: 8 instance_group { count: 1 kind: KIND_CPU }');
const composing = new Map([['simple', part]]);
const options = {
  config: ensemble,
  composing,
  load: { name: 'concurrency', values: [1, 2] },
  batchSize: 1,
  machine: { cores: 2, hasGpus: false },
} as const;

test('liveSpace varies the instances of the models that an ensemble is made of, not its own', (t) => {
  const { candidates } = liveSpace({ ...options, variations: new Map() });
  t.deepEqual(candidates[0], { 'simple:instance_count': 1, concurrency: 1 });
  t.is(candidates.length, 2 * 2);
});

test('liveSpace takes settings of a model within the searched one, their conditions and what cannot work', (t) => {
  const given = ['simple:max_queue_delay_microseconds=0,5', 'simple:max_batch_size=1,8', 'simple:instance_count=1,3'];
  const { candidates, pruned } = liveSpace({ ...options, variations: parseVariations(given) });
  t.is(candidates.length, 2 * 3);
  t.true(
    candidates.every((each) => (each['simple:max_batch_size'] === 8) === 'simple:max_queue_delay_microseconds' in each),
  );
  t.true(pruned.every(({ reason }) => reason === 'simple: 3 instances with 1 threads each are more than the 2 cores'));
  t.is(pruned.length, 2 * 3);
  t.throws(() => parseVariations(['simple:batch_size=1']), { message: /^Cannot use --vary: expected NAME=VALUES/ });
  const onCpu = parseVariations(['simple:instance_kind=KIND_CPU']);
  t.deepEqual([...onCpu], [['simple:instance_kind', ['KIND_CPU']]]);
  const gpu: ModelConfig = parseModelConfig('instance_group { count: 2 kind: KIND_GPU }');
  t.is(applyCandidate(gpu, { 'simple:instance_kind': 'KIND_CPU' }, 'simple').instance_group[0]?.kind, 'KIND_CPU');
  t.is(applyCandidate(gpu, { 'simple:instance_kind': 'KIND_CPU' }).instance_group[0]?.kind, 'KIND_GPU');
});

test('together varies in each model what has no name in front, and holds limits by the slowest of them', (t) => {
  const args = [
    '-m',
    'whole=3,simple',
    '--together',
    '-b',
    '4',
    '--vary',
    'max_batch_size=2,8',
    '--vary',
    'whole:instance_count=1,2',
  ];
  const { options: asked, wish } = readSearchArguments(args);
  t.is(asked.settings.modelName, 'whole');
  t.deepEqual(modelsBeside(asked.settings), ['simple']);
  t.deepEqual(
    [...wish.variations],
    [
      ['max_batch_size', [2, 8]],
      ['simple:max_batch_size', [2, 8]],
      ['instance_count', [1, 2]],
    ],
  );
  const { pruned, candidates } = liveSpace({
    ...options,
    config: part,
    variations: wish.variations,
    beside: modelsBeside(asked.settings),
    batchSize: 4,
  });
  t.is(candidates.length, 2 * 2, 'both take requests of 4 inferences');
  t.true(pruned.some(({ reason }) => reason === 'simple: requests of 4 inferences are above max_batch_size 2'));
  const fast = levelFixture({ concurrency: 1, latenciesMs: [10, 10, 10, 10] });
  const slow = levelFixture({ concurrency: 1, latenciesMs: [10, 30, 30, 30] });
  const partOf = (name: string, { summary, requests, verdict }: Level) => ({
    name,
    summary,
    requests,
    verdict,
    failures: [],
  });
  const trial = trialOfLevel(
    { concurrency: 1 },
    { ...fast, models: [partOf('whole', fast), partOf('simple', slow)] },
    1,
  );
  t.true(trial.ok && Math.abs((trial.metrics['perf_latency_p99'] ?? 0) - 30) < 0.1);
  t.throws(() => readSearchArguments(['-m', 'whole', '--together']), {
    message: /--together: expected several models/,
  });
});

test('nameVariants tells configurations apart by the models within', (t) => {
  const candidates = [1, 2, 2].map((count, index) => ({ 'simple:instance_count': count, concurrency: index + 1 }));
  t.deepEqual(
    nameVariants('whole', { config: ensemble, composing }, candidates).map(({ name }) => name),
    ['whole_config_default', 'whole_config_0'],
  );
});

test('createLoader loads the models within, and the change of their files is written beside that of the whole', async (t) => {
  const files = { ...simpleModel(), ...ensembleFiles('doubling', ensembleText(doubling)) };
  await using live = await liveService(files, { modelControlMode: 'explicit', loadModels: ['doubling'] });
  const { service, repository } = live;
  const configOf = (name: string): ModelConfig => service.modelConfig({ name, version: '' });
  const client = {
    loadModel: (name: string, config: ModelConfig) =>
      service.loadModel(name, new Map([['config', JSON.stringify(config)]])),
  };
  const server = {
    client,
    config: configOf('doubling'),
    composing: new Map([['simple', configOf('simple')]]),
    modelRepository: repository.path,
    precisions: undefined,
    noteLoad: () => undefined,
  } as unknown as SearchServer;
  const loader = createLoader(server, 'doubling', false);
  await loader.load({ 'simple:instance_count': 2, concurrency: 4 });
  t.is(configOf('simple').instance_group[0]?.count, 2);
  t.true(service.isModelReady({ name: 'doubling', version: '' }));
  await loader.load({ concurrency: 4 });
  t.is(configOf('simple').instance_group[0]?.count, 1);

  const changesOf = configurationChanges(server, 'doubling');
  const told = (count: number) => changesOf({ 'simple:instance_count': count }).map(({ difference }) => difference);
  t.deepEqual(told(1), ['config.pbtxt stays as it is.\n']);
  t.is(told(2).length, 1);
  const changes = changesOf({ 'simple:instance_count': 2 });
  t.regex(changes.map(({ difference }) => difference).join(''), /simple\/config\.pbtxt/);
  const context = { print: () => undefined, progress: { say: () => undefined } } as never;
  await writeConfigurations(changes, { isWished: true, context });
  const written = readFileSync(join(repository.path, 'simple', 'config.pbtxt'), 'utf8');
  t.is(parseModelConfig(written).instance_group[0]?.count, 2);
});

test('weightedGainLine is the weighted mean of gains, and says what is not known', (t) => {
  const of = (model: string, mean: number | undefined, weight = 1) => ({
    result: { model, ...(mean === undefined ? {} : { gain: { mean, low: mean / 2, high: 2 * mean } }) },
    weight,
  });
  t.is(weightedGainLine([of('a', 1)]), '');
  t.regex(
    weightedGainLine([of('a', 1, 3), of('b', 0, 1)]),
    /^All models together \(a 75 %, b 25 %\): \+68\.2 % \(95 %: \+/,
  );
  t.is(weightedGainLine([of('a', 1), of('b', undefined)]), 'All models together: the gain of b is not known.\n');
});
