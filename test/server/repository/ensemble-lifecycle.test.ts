import test from 'ava';
import type { LoadParameter } from '../../../src/server/inference-service.js';
import { doubling, ensembleFiles, ensembleText } from '../backends/ensemble/ensemble-models.js';
import { type LiveService, liveService, oneInstance, requestOf, simpleModel, simpleRequest } from '../live-service.js';
import { addSubOnnx } from '../tiny-onnx.js';

const plain: ReadonlyMap<string, LoadParameter> = new Map();
const withConfig = (config: object) => new Map([['config', JSON.stringify(config)]]);
const alone = { unloadDependents: false };
const withDependents = { unloadDependents: true };

const doublingFiles = ensembleFiles('doubling', ensembleText(doubling));

/** Passes its two inputs to `doubling`. */
const wrapper = ensembleText({
  ...doubling,
  steps: [{ model: 'doubling', in: { A: 'A', B: 'B' }, out: { TWICE_A: 'TWICE_A', TWICE_B: 'TWICE_B' } }],
});
const nested = { ...simpleModel(), ...doublingFiles, ...ensembleFiles('wrapper', wrapper) };

const explicit = (files: Readonly<Record<string, string | Uint8Array>>, ...loadModels: string[]) =>
  liveService(files, { modelControlMode: 'explicit', loadModels });

const ready = async ({ service }: LiveService) =>
  (await service.repositoryIndex({ readyOnly: true })).map(({ name }) => name);

function infer({ service }: LiveService, model = 'doubling', signal?: AbortSignal) {
  const tensor = { datatype: 'INT32', shape: [1, 16], data: new Int32Array(16).fill(3) } as const;
  return service.infer(requestOf(model, { A: tensor, B: tensor }), signal);
}

test('all models of a repository are loaded, ensembles after what they are made of', async (t) => {
  const others = Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((name) => [`${name}/1/model.onnx`, addSubOnnx()]));
  const configs = Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((name) => [`${name}/config.pbtxt`, oneInstance()]));
  const first = ensembleFiles('aa_first', wrapper.replace('"doubling"', '"wrapper"'));
  await using live = await liveService({ ...nested, ...first, ...others, ...configs });
  t.deepEqual(await ready(live), ['a', 'aa_first', 'b', 'c', 'd', 'doubling', 'e', 'simple', 'wrapper']);
  t.true(live.service.isReady());
  const { outputs } = await infer(live, 'aa_first');
  t.is(new Int32Array(Uint8Array.from(outputs[0]?.data ?? []).buffer)[0], 6);
});

test('loading an ensemble loads what it is made of, at any depth', async (t) => {
  await using live = await explicit(nested);
  await live.service.loadModel('wrapper', plain);
  t.deepEqual(await ready(live), ['doubling', 'simple', 'wrapper']);
  t.is((await infer(live, 'wrapper')).outputs.length, 2);
  await live.service.loadModel('wrapper', plain);
  t.is(live.service.statistics({ name: 'wrapper', version: '' })[0]?.inference_count, 1, 'nothing was loaded anew');
});

test('--load-model of an ensemble loads what it is made of', async (t) => {
  await using live = await explicit(nested, 'wrapper');
  t.deepEqual(await ready(live), ['doubling', 'simple', 'wrapper']);
});

test('unloading a model stops the ensembles that it is part of, and loading it brings them back', async (t) => {
  await using live = await explicit(nested, 'wrapper');
  const { service } = live;
  await service.unloadModel('simple', alone);
  t.deepEqual(await ready(live), []);
  await t.throwsAsync(infer(live), { message: "Request for unknown model: 'doubling' has no available versions" });
  t.true(
    live.lines.includes(
      "model 'doubling' is unloaded: ensemble doubling contains models that are not available or ambiguous: simple",
    ),
  );
  await service.loadModel('simple', plain);
  t.deepEqual(await ready(live), ['doubling', 'simple', 'wrapper']);
  t.is((await infer(live, 'wrapper')).outputs.length, 2);
});

test('an ensemble that was unloaded by name does not come back with its models', async (t) => {
  await using live = await explicit(nested, 'doubling');
  const { service } = live;
  await service.unloadModel('doubling', alone);
  t.deepEqual(await ready(live), ['simple'], 'what it was made of stays');
  await service.unloadModel('simple', alone);
  await service.loadModel('simple', plain);
  t.deepEqual(await ready(live), ['simple']);
});

test('unload_dependents unloads what nobody else needs and nobody asked for', async (t) => {
  await using live = await explicit(nested, 'wrapper');
  const { service } = live;
  await service.unloadModel('wrapper', withDependents);
  t.deepEqual(await ready(live), []);
  await service.loadModel('simple', plain);
  await service.loadModel('wrapper', plain);
  await service.unloadModel('wrapper', withDependents);
  t.deepEqual(await ready(live), ['simple'], 'it was asked for');
});

test('a request that an ensemble has accepted is answered while its models are unloaded', async (t) => {
  await using live = await explicit(nested, 'wrapper');
  const answers = Array.from({ length: 20 }, () => infer(live, 'wrapper'));
  await live.service.unloadModel('simple', alone);
  t.is((await Promise.all(answers)).length, 20);
  t.deepEqual(await ready(live), []);
});

test('no request of an ensemble fails while its model is loaded again', async (t) => {
  await using live = await explicit(nested, 'doubling');
  const { service } = live;
  const before = Array.from({ length: 20 }, () => infer(live));
  const loading = service.loadModel('simple', withConfig({ name: 'simple', max_batch_size: 16 }));
  const meanwhile = Array.from({ length: 20 }, () => infer(live));
  await loading;
  t.is((await Promise.all([...before, ...meanwhile, infer(live)])).length, 41);
});

test('a model that does not fit its ensemble any more stops the ensemble until it fits again', async (t) => {
  await using live = await explicit(nested, 'doubling');
  const { service } = live;
  await service.loadModel('simple', withConfig({ name: 'simple', max_batch_size: 2 }));
  t.deepEqual(await ready(live), ['simple']);
  t.regex(live.lines.at(-1) ?? '', /allows maximum batch size 8, but it contains model simple which only allows .* 2$/);
  await service.loadModel('simple', withConfig({ name: 'simple', max_batch_size: 8 }));
  t.deepEqual(await ready(live), ['doubling', 'simple']);
});

test('an ensemble that does not fit its models is not loaded, and the one before goes on', async (t) => {
  await using live = await explicit({ ...simpleModel('max_batch_size: 4'), ...doublingFiles });
  const { service, repository } = live;
  const message =
    "load failed for model 'doubling': ensemble doubling allows maximum batch size 8, but it contains model simple " +
    'which only allows maximum batch size to be 4';
  t.like(await t.throwsAsync(service.loadModel('doubling', plain)), { reason: 'invalid-argument', message });
  t.deepEqual(await service.repositoryIndex({ readyOnly: false }), [
    { name: 'doubling', state: 'UNAVAILABLE', reason: message.slice(message.indexOf('ensemble')) },
    { name: 'simple', version: '1', state: 'READY' },
  ]);
  t.false(service.isReady());
  await repository.write('doubling/config.pbtxt', ensembleText({ ...doubling, head: 'max_batch_size: 2' }));
  await service.loadModel('doubling', plain);
  t.true(service.isReady());
  await repository.write('doubling/config.pbtxt', ensembleText(doubling));
  await t.throwsAsync(service.loadModel('doubling', plain), { message });
  t.is(service.modelConfig({ name: 'doubling', version: '' }).max_batch_size, 2);
  t.is((await infer(live)).outputs.length, 2);
});

test('an ensemble waits for a model that is not there yet', async (t) => {
  await using live = await explicit(doublingFiles);
  const { service, repository } = live;
  const missing = 'ensemble doubling contains models that are not available or ambiguous: simple';
  t.like(await t.throwsAsync(service.loadModel('doubling', plain)), {
    reason: 'invalid-argument',
    message: `load failed for model 'doubling': ${missing}`,
  });
  for (const [file, content] of Object.entries(simpleModel())) await repository.write(file, content);
  await service.loadModel('simple', plain);
  t.deepEqual(await ready(live), ['doubling', 'simple']);
});

test('an ensemble names the failure of its model', async (t) => {
  await using live = await explicit({ ...doublingFiles, 'simple/1/model.onnx': 'no model' });
  await t.throwsAsync(live.service.loadModel('doubling', plain), {
    message:
      /^load failed for model 'doubling': ensemble 'doubling' depends on 'simple' which has no loaded version\. Model 'simple' loading failed with error: cannot load /,
  });
});

test('a start with an ensemble whose model fails names the model', async (t) => {
  const files = { ...doublingFiles, 'simple/1/model.onnx': 'no model' };
  await t.throwsAsync(liveService(files), { message: /^Cannot load model 'simple': cannot load / });
  await using live = await liveService(files, { exitOnError: false });
  t.true(
    live.lines.some((line) => line.startsWith("error: Cannot load model 'doubling': ensemble 'doubling' depends")),
  );
  t.false(live.service.isReady());
});

test('ensembles that contain each other are refused, at once and side by side', async (t) => {
  const { inputs, outputs } = doubling;
  const part = (model: string) =>
    ensembleText({
      inputs,
      outputs,
      steps: [{ model, in: { A: 'A', B: 'B' }, out: { TWICE_A: 'TWICE_A', TWICE_B: 'TWICE_B' } }],
    });
  await using live = await explicit({ ...ensembleFiles('ping', part('pong')), ...ensembleFiles('pong', part('ping')) });
  const [ping, pong] = await Promise.allSettled([
    live.service.loadModel('ping', plain),
    live.service.loadModel('pong', plain),
  ]);
  const reasonOf = (result: PromiseSettledResult<void>) => (result.status === 'rejected' ? result.reason.message : '');
  t.is(
    reasonOf(ping),
    "load failed for model 'ping': circular dependency between ensembles: ping -> ... -> pong -> ping",
  );
  t.is(
    reasonOf(pong),
    "load failed for model 'pong': circular dependency between ensembles: pong -> ... -> ping -> pong",
  );
});

test('an ensemble asks for the version of its steps', async (t) => {
  const steps = doubling.steps.map((step, index) => (index === 0 ? step : { ...step, version: 2 }));
  const config = ensembleText({ ...doubling, steps });
  const both = { ...simpleModel('max_batch_size: 8 version_policy { all { } }'), 'simple/2/model.onnx': addSubOnnx() };
  await using live = await liveService({ ...both, ...ensembleFiles('doubling', config) });
  await infer(live);
  const counts = live.service.statistics({ name: 'simple', version: '' });
  t.deepEqual(
    counts.map(({ version, execution_count }) => [version, execution_count]),
    [
      ['1', 0],
      ['2', 2],
    ],
    '-1 is the latest',
  );
});

test('the queue of a model refuses and cancels the steps of an ensemble', async (t) => {
  const held = `max_batch_size: 8 dynamic_batching { preferred_batch_size: [ 8 ] max_queue_delay_microseconds: 60000000
    default_queue_policy { max_queue_size: 1 } }`;
  await using live = await explicit({ ...simpleModel(held), ...doublingFiles }, 'doubling');
  const { service } = live;
  const givenUp = new AbortController();
  const waiting = infer(live, 'doubling', givenUp.signal);
  waiting.catch(() => undefined);
  await new Promise((resolve) => setImmediate(resolve));
  t.is(service.pendingRequests().find(({ name }) => name === 'simple')?.count, 1);
  t.like(await t.throwsAsync(infer(live)), {
    reason: 'unavailable',
    message: "in ensemble 'doubling', Exceeds maximum queue size",
  });
  givenUp.abort();
  t.like(await t.throwsAsync(waiting), { reason: 'cancelled' });
  t.like(service.failures().find(({ name }) => name === 'doubling')?.counts, { CANCELED: 1, OTHER: 1 });
  t.is((await service.infer(simpleRequest(0, 8))).outputs.length, 2, 'a full batch goes at once');
});
