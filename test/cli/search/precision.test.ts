import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { metricOf } from '../../../searcher/goal/metrics.js';
import type { CommandContext } from '../../../src/cli/command-context.js';
import { connect } from '../../../src/cli/connect.js';
import { parseGoal } from '../../../src/cli/flags/goal-flags.js';
import { parseVariations } from '../../../src/cli/flags/vary-flag.js';
import { createProgress } from '../../../src/cli/progress/create-progress.js';
import { applyCandidate } from '../../../src/cli/search/apply-candidate.js';
import { liveSpace } from '../../../src/cli/search/live-space.js';
import { wantedPrecisions } from '../../../src/cli/search/precision-wish.js';
import { stagePrecisions } from '../../../src/cli/search/stage-precisions.js';
import { configurationChange, writeConfigurations } from '../../../src/cli/search/write-configuration.js';
import type { SearchResult } from '../../../src/core/search-result.js';
import { encodeModel } from '../../../src/onnx/encode-model.js';
import { parseModelConfig } from '../../../src/protocol/model-config-codec.js';
import { startServer } from '../../../src/server/start-server.js';
import { refusalOf, runHere } from '../../helpers/command-here.js';
import { smallGraph } from '../../precision/small-graph.js';
import { temporaryDirectory } from '../../sample-models/temporary-directory.js';
import { liveService } from '../../server/live-service.js';
import { readFlags } from '../flags/read-flags.js';

const { settings } = readFlags('-m', 'small');
const freePorts = { httpPort: 0, grpcPort: 0, allowMetrics: false } as const;
const context: CommandContext = {
  progress: await createProgress(process.stderr, 'none'),
  interrupt: { signal: new AbortController().signal, onAbandon: () => () => undefined },
  print: () => undefined,
};

/** A repository with one small ONNX model. */
async function repositoryOf(t: ExecutionContext, config = 'name: "small"\n'): Promise<string> {
  const repository = await temporaryDirectory(t);
  await mkdir(join(repository, 'small', '1'), { recursive: true });
  await writeFile(join(repository, 'small', '1', 'model.onnx'), encodeModel(smallGraph()));
  await writeFile(join(repository, 'small', 'config.pbtxt'), config);
  return repository;
}

const wanted = (...constraint: readonly string[]) => {
  const goal = parseGoal({ objective: ['perf_throughput'], constraint });
  return wantedPrecisions({ goal, variations: new Map(), settings });
};

test('wantedPrecisions varies precision when a limit is of accuracy, or when it is named', (t) => {
  t.is(wanted('perf_latency_p99:max=5'), undefined);
  t.deepEqual(wanted('accuracy_cosine:min=0.9')?.names, ['fp32', 'fp16-weights', 'int8-dynamic', 'int8-static']);
  t.deepEqual(wanted('accuracy_cosine:min=0.9')?.wish.limits, [{ metric: 'accuracy_cosine', min: 0.9 }]);
  const variations = parseVariations(['precision=int8-dynamic,fp32']);
  const named = wantedPrecisions({ goal: parseGoal({ objective: [], constraint: [] }), variations, settings });
  t.deepEqual(named?.wish.precisions, ['int8-dynamic']);
  t.deepEqual(named?.wish.limits, [{ metric: 'accuracy_cosine', min: 0.99 }]);
  t.throws(() => parseVariations(['precision=int4']), { message: /--vary precision.*int8-static.*'int4'/ });
});

test('stagePrecisions asks a module of the user how right each variant is, and the model itself', async (t) => {
  const repository = await repositoryOf(t);
  const module = join(repository, 'verify.mjs');
  await writeFile(module, 'export default ({ output }, label, index) => output.data[index] > 0;');
  const goal = parseGoal({ objective: ['perf_throughput'], constraint: [] });
  const verify = { module, labels: undefined };
  const { wish } =
    wantedPrecisions({ goal, variations: parseVariations(['precision=fp32,fp16-weights']), settings, verify }) ?? {};
  if (wish === undefined) return t.fail();
  await using staged = await stagePrecisions(wish, { modelName: 'small', repository, context });
  const own = staged.accuracyOf({})['accuracy_verify'] ?? Number.NaN;
  t.true(own > 0 && own < 1, `${own}`);
  t.is(staged.accuracyOf({ precision: 'fp16-weights' })['accuracy_verify'], own);
});

test('stagePrecisions makes each variant once, and a search leaves out those that break a limit', async (t) => {
  const repository = await repositoryOf(t);
  const { wish, names } = wanted('accuracy_rel_rmse:max=0.001') ?? t.fail();
  if (wish === undefined || names === undefined) return;
  await using staged = await stagePrecisions(wish, { modelName: 'small', repository, context });
  t.deepEqual([...staged.refusals.keys()].sort(), ['int8-dynamic', 'int8-static']);
  t.deepEqual(staged.accuracyOf({ concurrency: 3 }), { accuracy_cosine: 1, accuracy_top1: 1, accuracy_rel_rmse: 0 });
  const half = staged.accuracyOf({ precision: 'fp16-weights' });
  t.true((half['accuracy_rel_rmse'] ?? 1) > 0 && (half['accuracy_rel_rmse'] ?? 1) < 0.001);
  t.true(Object.keys(half).every((tag) => metricOf(tag) !== undefined));
  t.deepEqual((await readdir(join(staged.repository, 'small', '1'))).sort(), ['model.fp16-weights.onnx', 'model.onnx']);
  const config = parseModelConfig('name: "small"');
  const space = liveSpace({
    config,
    variations: parseVariations(['instance_count=1,2']),
    precisions: names,
    refusals: staged.refusals,
    load: { name: 'concurrency', values: [1] },
    batchSize: 1,
    machine: undefined,
  });
  t.deepEqual([...new Set(space.candidates.map(({ precision }) => precision))], ['fp32', 'fp16-weights']);
  t.is(space.pruned.length, 4);
  t.true(
    space.pruned.every(({ reason }) => /^int8-\w+: accuracy_rel_rmse is 0\.\d+, expected at most 0.001$/.test(reason)),
  );
});

test('writeConfigurations brings the file of a variant, and the configuration names it', async (t) => {
  const repository = await repositoryOf(t, '# ours\nname: "small"\n');
  const { wish } = wanted('accuracy_cosine:min=0.5') ?? t.fail();
  if (wish === undefined) return;
  await using precisions = await stagePrecisions(
    { ...wish, precisions: ['int8-dynamic'] },
    { modelName: 'small', repository, context },
  );
  const config = parseModelConfig('name: "small" backend: "onnxruntime" default_model_filename: "model.onnx"');
  const server = { config, modelRepository: repository, precisions };
  const before = '# ours\nname: "small"\n';
  const change = configurationChange({ precision: 'int8-dynamic', concurrency: 2 }, server, {
    modelName: 'small',
    before,
  });
  t.deepEqual(applyCandidate(config, { precision: 'fp32' }), config, 'the model as it is');
  await writeConfigurations([change], { isWished: false, context });
  t.false(existsSync(join(repository, 'small', '1', 'model.int8-dynamic.onnx')), 'a dry run');
  await writeConfigurations([change], { isWished: true, context });
  const text = readFileSync(join(repository, 'small', 'config.pbtxt'), 'utf8');
  t.is(text, '# ours\nname: "small"\ndefault_model_filename: "model.int8-dynamic.onnx"\n');
  const written = readFileSync(join(repository, 'small', '1', 'model.int8-dynamic.onnx'));
  t.deepEqual(written, readFileSync(precisions.fileOf({ precision: 'int8-dynamic' })?.path ?? ''));
  await t.throwsAsync(stagePrecisions(wish, { modelName: 'small', repository, context }), {
    message: /^Cannot search precisions of 'small': expected its original file, got default_model_filename model\.int8/,
  });
});

test('a search sends variants to a server that runs, over HTTP and gRPC, and leaves it as it was', async (t) => {
  const repository = await repositoryOf(t);
  process.env['PERF_ANALYZE_CACHE'] = join(repository, 'cache');
  const model = await readFile(join(repository, 'small/1/model.onnx'));
  const files = { 'small/1/model.onnx': model, 'small/config.pbtxt': 'name: "small"\n' };
  await using live = await liveService(files, { modelControlMode: 'explicit', loadModels: ['small'] });
  await using server = await startServer(live.service, { ...freePorts, log: () => undefined });
  const served = () => live.service.modelConfig({ name: 'small', version: '' });
  const original = served();
  const json = join(repository, 'search.json');
  const args = ['search', '-m', 'small', '-p', '100', '-s', '1000', '--concurrency-range', '1', '--json', json];
  const vary = ['--vary', 'precision=fp32,fp16-weights', '--constraint', 'accuracy_rel_rmse:max=0.002'];
  const at = ['-u', `127.0.0.1:${server.ports.http}`];
  const { message } = await refusalOf(...args, ...vary, ...at);
  t.regex(message, /^Cannot search precisions on a server that runs: expected --model-repository/);
  await runHere(...args, ...vary, ...at, '--model-repository', repository);
  const { trials } = JSON.parse(await readFile(json, 'utf8')) as SearchResult;
  const half = trials.find(({ candidate }) => candidate['precision'] === 'fp16-weights');
  t.true(half?.ok === true && (half.metrics['accuracy_rel_rmse'] ?? 0) > 0, JSON.stringify(half));
  t.deepEqual(served(), original);

  await using client = await connect('grpc', `127.0.0.1:${server.ports.grpc}`);
  const config = { ...original, default_model_filename: 'other.onnx' };
  await client.loadModel('small', config, new Map([['7/other.onnx', new Uint8Array(model)]]));
  t.deepEqual((await client.modelMetadata({ name: 'small' })).versions, ['7']);
});
