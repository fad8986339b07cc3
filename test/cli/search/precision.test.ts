import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { metricOf } from '../../../searcher/goal/metrics.js';
import type { CommandContext } from '../../../src/cli/command-context.js';
import { parseGoal } from '../../../src/cli/flags/goal-flags.js';
import { parseVariations } from '../../../src/cli/flags/vary-flag.js';
import { createProgress } from '../../../src/cli/progress/create-progress.js';
import { applyCandidate } from '../../../src/cli/search/apply-candidate.js';
import { liveSpace } from '../../../src/cli/search/live-space.js';
import { wantedPrecisions } from '../../../src/cli/search/precision-wish.js';
import { stagePrecisions } from '../../../src/cli/search/stage-precisions.js';
import { configurationChange, writeConfiguration } from '../../../src/cli/search/write-configuration.js';
import { encodeModel } from '../../../src/onnx/encode-model.js';
import { parseModelConfig } from '../../../src/protocol/model-config-codec.js';
import { smallGraph } from '../../precision/small-graph.js';
import { temporaryDirectory } from '../../sample-models/temporary-directory.js';
import { readFlags } from '../flags/read-flags.js';

const { settings } = readFlags('-m', 'small');
const context: CommandContext = {
  progress: createProgress(process.stderr, 'none'),
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

test('writeConfiguration brings the file of a variant, and the configuration names it', async (t) => {
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
  await writeConfiguration(change, { isWished: false, context });
  t.false(existsSync(join(repository, 'small', '1', 'model.int8-dynamic.onnx')), 'a dry run');
  await writeConfiguration(change, { isWished: true, context });
  const text = readFileSync(join(repository, 'small', 'config.pbtxt'), 'utf8');
  t.is(text, '# ours\nname: "small"\ndefault_model_filename: "model.int8-dynamic.onnx"\n');
  const written = readFileSync(join(repository, 'small', '1', 'model.int8-dynamic.onnx'));
  t.deepEqual(written, readFileSync(precisions.fileOf({ precision: 'int8-dynamic' })?.path ?? ''));
  await t.throwsAsync(stagePrecisions(wish, { modelName: 'small', repository, context }), {
    message: /^Cannot search precisions of 'small': expected its original file, got default_model_filename model\.int8/,
  });
});
