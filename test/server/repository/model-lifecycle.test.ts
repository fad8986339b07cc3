import test from 'ava';
import type { LoadParameter } from '../../../src/server/inference-service.js';
import { type LiveService, liveService, oneInstance, simpleModel, simpleRequest } from '../live-service.js';
import { addSubOnnx } from '../tiny-onnx.js';

const plain: ReadonlyMap<string, LoadParameter> = new Map();
const simple = { name: 'simple', version: '' };
const all = { readyOnly: false };

const withConfig = (config: object) => new Map([['config', JSON.stringify(config)]]);
const maxBatch = ({ service }: LiveService) => service.modelConfig(simple).max_batch_size;

const explicit = (files: Readonly<Record<string, string | Uint8Array>>, ...loadModels: string[]) =>
  liveService(files, { modelControlMode: 'explicit', loadModels });

test('loadModel and unloadModel are refused in mode none', async (t) => {
  await using live = await liveService(simpleModel());
  const message = 'explicit model load / unload is not allowed if polling is enabled';
  t.like(await t.throwsAsync(live.service.loadModel('simple', plain)), { reason: 'unavailable', message });
  t.like(await t.throwsAsync(live.service.unloadModel('simple', { unloadDependents: false })), { message });
});

test('explicit mode loads what is named and lists the rest by name', async (t) => {
  await using live = await explicit({ ...simpleModel(), 'other/1/model.onnx': addSubOnnx() }, 'simple');
  const { service } = live;
  t.deepEqual(await service.repositoryIndex(all), [
    { name: 'other' },
    { name: 'simple', version: '1', state: 'READY' },
  ]);
  t.deepEqual(await service.repositoryIndex({ readyOnly: true }), [{ name: 'simple', version: '1', state: 'READY' }]);
  t.true(service.isReady());
  t.throws(() => service.isModelReady({ name: 'other', version: '' }), {
    message: "Request for unknown model: 'other' is not found",
  });
});

test('explicit mode loads everything for *', async (t) => {
  await using live = await explicit({ ...simpleModel(), 'other/1/model.onnx': addSubOnnx() }, '*');
  t.is((await live.service.repositoryIndex({ readyOnly: true })).length, 2);
});

test('loadModel serves a model and does nothing when it is unchanged', async (t) => {
  await using live = await explicit(simpleModel());
  const { service } = live;
  await service.loadModel('simple', plain);
  await service.infer(simpleRequest(1));
  await service.loadModel('simple', plain);
  t.is(service.statistics(simple)[0]?.inference_count, 1);
});

test('loadModel reloads what changed, with new statistics', async (t) => {
  await using live = await explicit(simpleModel('max_batch_size: 8'), 'simple');
  await live.service.infer(simpleRequest(1));
  await live.repository.write('simple/config.pbtxt', oneInstance('max_batch_size: 2'));
  await live.service.loadModel('simple', plain);
  t.is(maxBatch(live), 2);
  t.is(live.service.statistics(simple)[0]?.inference_count, 0);
});

test('loadModel goes on counting where only instances or versions change, and the files are the same', async (t) => {
  const files = { ...simpleModel('max_batch_size: 8'), 'simple/2/model.onnx': addSubOnnx() };
  await using live = await explicit(files, 'simple');
  const { service, repository } = live;
  const counted = () => service.statistics(simple).map(({ version, inference_count }) => [version, inference_count]);
  await service.infer(simpleRequest(1));
  const config = service.modelConfig(simple);
  await service.loadModel('simple', withConfig({ ...config, instance_group: [{ kind: 'KIND_CPU', count: 2 }] }));
  t.is(service.modelConfig(simple).instance_group[0]?.count, 2);
  await service.infer(simpleRequest(1));
  t.deepEqual(counted(), [['2', 2]]);
  await repository.write('simple/config.pbtxt', oneInstance('max_batch_size: 8 version_policy { all { } }'));
  await service.loadModel('simple', plain);
  t.deepEqual(counted(), [
    ['1', 0],
    ['2', 2],
  ]);
  await repository.write('simple/2/model.onnx', addSubOnnx());
  await service.loadModel('simple', plain);
  t.deepEqual(counted(), [
    ['1', 0],
    ['2', 0],
  ]);
});

test('loadModel loses no request while it replaces the model', async (t) => {
  await using live = await explicit(simpleModel('max_batch_size: 8'), 'simple');
  const { service } = live;
  const early = Array.from({ length: 50 }, (_, index) => service.infer(simpleRequest(index)));
  const loading = service.loadModel('simple', withConfig({ max_batch_size: 4 }));
  const meanwhile = Array.from({ length: 50 }, (_, index) => service.infer(simpleRequest(index)));
  await loading;
  t.is((await Promise.all([...early, ...meanwhile])).length, 100);
  t.is(maxBatch(live), 4);
});

test('a failed reload keeps the old version and the server ready', async (t) => {
  await using live = await explicit(simpleModel('max_batch_size: 8'), 'simple');
  const { service, repository } = live;
  const broken = withConfig({ max_batch_size: 8, input: [{ name: 'X', data_type: 'TYPE_FP32', dims: [1] }] });
  t.like(await t.throwsAsync(service.loadModel('simple', broken)), {
    reason: 'invalid-argument',
    message:
      "load failed for model 'simple': version 1 is at UNAVAILABLE state: unable to load model 'simple', configuration expects 1 inputs, model provides 2;\n",
  });
  await repository.write('simple/config.pbtxt', 'nonsense: 1');
  t.like(
    await t.throwsAsync(service.loadModel('simple', plain), {
      message:
        /^failed to load 'simple', failed to poll from model repository: .*config\.pbtxt:1: unknown field 'nonsense'/,
    }),
    { reason: 'internal' },
  );
  t.deepEqual(await service.repositoryIndex(all), [{ name: 'simple', version: '1', state: 'READY' }]);
  t.true(service.isReady());
  t.is((await service.infer(simpleRequest(1))).outputs.length, 2);
});

test('a failed first load leaves the server not ready until the model loads', async (t) => {
  await using live = await explicit({ 'simple/1/model.onnx': 'no model' });
  const { service, repository } = live;
  await t.throwsAsync(service.loadModel('simple', plain), {
    message: /^load failed for model 'simple': version 1 is at UNAVAILABLE state: cannot load /,
  });
  const [row] = await service.repositoryIndex(all);
  t.like(row, { version: '1', state: 'UNAVAILABLE' });
  t.regex(row?.reason ?? '', /expected an ONNX model/);
  t.false(service.isReady());
  t.throws(() => service.isModelReady({ name: 'simple', version: '1' }), {
    message: "Request for unknown model: 'simple' version 1 is not at ready state",
  });
  await repository.write('simple/1/model.onnx', addSubOnnx());
  await service.loadModel('simple', plain);
  t.true(service.isReady());
});

test('a configuration in the load request holds until the files change or the model is unloaded', async (t) => {
  await using live = await explicit(simpleModel('max_batch_size: 8'), 'simple');
  const { service, repository } = live;
  const override = withConfig({ name: 'simple', max_batch_size: '16' });
  await service.loadModel('simple', override);
  t.is(maxBatch(live), 16);
  await service.loadModel('simple', plain);
  t.is(maxBatch(live), 16);
  await repository.write('simple/config.pbtxt', oneInstance('max_batch_size: 3'));
  await service.loadModel('simple', plain);
  t.is(maxBatch(live), 3);
  await service.loadModel('simple', override);
  await service.unloadModel('simple', { unloadDependents: false });
  await service.loadModel('simple', plain);
  t.is(maxBatch(live), 3);
});

test('unloadModel answers what was accepted and refuses what comes later', async (t) => {
  await using live = await explicit(simpleModel(), 'simple');
  const { service } = live;
  const accepted = Array.from({ length: 20 }, (_, index) => service.infer(simpleRequest(index)));
  await service.unloadModel('simple', { unloadDependents: false });
  t.like(await t.throwsAsync(service.infer(simpleRequest(1))), {
    reason: 'not-found',
    message: "Request for unknown model: 'simple' has no available versions",
  });
  t.is((await Promise.all(accepted)).length, 20);
  t.throws(() => service.statistics(simple), { message: "requested model 'simple' is not available" });
});

test('unloadModel leaves the server ready and the reason in the index', async (t) => {
  const live = await explicit(simpleModel(), 'simple');
  await live.service.unloadModel('simple', { unloadDependents: false });
  await live[Symbol.asyncDispose]();
  await live.repository.write('simple/1/x', '');
  t.deepEqual(await live.service.repositoryIndex(all), [
    { name: 'simple', version: '1', state: 'UNAVAILABLE', reason: 'unloaded' },
  ]);
  await live.repository[Symbol.asyncDispose]();
});

test('unloadModel of a model that was never loaded succeeds', async (t) => {
  await using live = await explicit(simpleModel());
  await t.notThrowsAsync(live.service.unloadModel('simple', { unloadDependents: false }));
  await t.notThrowsAsync(live.service.unloadModel('unknown', { unloadDependents: false }));
});

test('loads at once are done in the order in which they came', async (t) => {
  for (let round = 0; round < 5; round++) {
    await using live = await explicit(simpleModel());
    const sizes = [1, 2, 3, 4];
    await Promise.all(sizes.map((size) => live.service.loadModel('simple', withConfig({ max_batch_size: size }))));
    t.is(maxBatch(live), 4);
  }
});

test('an unload that comes after a load is done after it', async (t) => {
  await using live = await explicit(simpleModel());
  const { service } = live;
  await Promise.all([service.loadModel('simple', plain), service.unloadModel('simple', { unloadDependents: false })]);
  t.throws(() => service.isModelReady(simple), { message: /no available versions/ });
});

test('version policies select what is served', async (t) => {
  const files = {
    ...simpleModel('version_policy { latest { num_versions: 2 } }', 3),
    'simple/1/model.onnx': addSubOnnx(),
    'simple/2/model.onnx': addSubOnnx(),
  };
  await using live = await explicit(files, 'simple');
  const { service, repository } = live;
  t.deepEqual(service.modelMetadata(simple).versions, ['2', '3']);
  t.deepEqual(service.modelMetadata({ name: 'simple', version: '2' }).versions, ['2']);
  t.is((await service.infer(simpleRequest(1))).modelVersion, '3');
  t.is((await service.infer(simpleRequest(1, 1, { modelVersion: '2' }))).modelVersion, '2');
  t.like(await t.throwsAsync(service.infer(simpleRequest(1, 1, { modelVersion: '1' }))), {
    reason: 'not-found',
    message: "Request for unknown model: 'simple' version 1 is not found",
  });
  await repository.write('simple/config.pbtxt', oneInstance('version_policy { specific { versions: [ 1, 9 ] } }'));
  await service.loadModel('simple', plain);
  t.deepEqual(service.modelMetadata(simple).versions, ['1']);
  t.true(live.lines.includes("warning: model 'simple': there is no version 9"));
});

for (const [title, name, parameters, expected] of [
  ['an empty name', ' ', plain, { reason: 'invalid-argument' }],
  ['a name that leaves the repository', '../simple', plain, { reason: 'invalid-argument' }],
  ['a name with a NUL byte', 'a\0b', plain, { reason: 'invalid-argument' }],
  ['a model that is not there', 'ghost', plain, { reason: 'internal' }],
  [
    'an unknown parameter',
    'simple',
    new Map([['x', 'y']]),
    { reason: 'invalid-argument', message: "unrecognized load parameter 'x'." },
  ],
  [
    'a file without a configuration',
    'simple',
    new Map([['file:1/model.onnx', new Uint8Array(1)]]),
    { reason: 'invalid-argument', message: "Load parameter 'config' must be specified for model file override" },
  ],
  ['a configuration that is not JSON', 'simple', new Map([['config', 'name: "x"']]), { reason: 'internal' }],
  ['a feature that is not there yet', 'simple', withConfig({ runtime: 'x' }), { reason: 'unsupported' }],
] as const) {
  test(`loadModel refuses ${title}`, async (t) => {
    await using live = await explicit(simpleModel());
    t.like(await t.throwsAsync(live.service.loadModel(name, parameters)), expected);
  });
}

test('a configuration in configs counts where the server is told its name', async (t) => {
  const files = {
    ...simpleModel('max_batch_size: 8'),
    'simple/configs/cpu.pbtxt': oneInstance('max_batch_size: 2'),
    'other/1/model.onnx': addSubOnnx(),
    'other/config.pbtxt': oneInstance('max_batch_size: 3'),
  };
  await using named = await liveService(files, { modelConfigName: 'cpu' });
  t.is(maxBatch(named), 2);
  t.is(named.service.modelConfig({ name: 'other', version: '' }).max_batch_size, 3);
  await using plainly = await liveService(files);
  t.is(maxBatch(plainly), 8);
});

test('a model in two repositories is not served', async (t) => {
  await using first = await explicit(simpleModel());
  await using second = await liveService(simpleModel(), {
    modelRepositories: [first.repository.path, first.repository.path],
    exitOnError: false,
  });
  t.like((await second.service.repositoryIndex(all))[0], { name: 'simple', state: 'UNAVAILABLE' });
  t.regex(second.lines.join(), /model appears in two or more repositories/);
});
