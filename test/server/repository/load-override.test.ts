import { mkdtempSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { noParameters } from '../../../src/protocol/infer.js';
import type { LoadParameter } from '../../../src/server/inference-service.js';
import { type LiveService, liveService, simpleModel, simpleRequest } from '../live-service.js';
import { tinyOnnx } from '../tiny-onnx.js';

const simple = { name: 'simple', version: '' };
const plain: ReadonlyMap<string, LoadParameter> = new Map();
const config = JSON.stringify({ max_batch_size: 8 });

/** As `simple`, but it multiplies. */
const value = (name: string) => ({ name, datatype: 'INT32', shape: ['batch', 16] }) as const;
const multiplying = tinyOnnx({
  inputs: [value('INPUT0'), value('INPUT1')],
  outputs: [value('OUTPUT0'), value('OUTPUT1')],
  nodes: [
    { op: 'Mul', inputs: ['INPUT0', 'INPUT1'], outputs: ['OUTPUT0'] },
    { op: 'Sub', inputs: ['INPUT0', 'INPUT1'], outputs: ['OUTPUT1'] },
  ],
});

const withFiles = (files: Readonly<Record<string, LoadParameter>>) =>
  new Map<string, LoadParameter>([
    ['config', config],
    ...Object.entries(files).map(([path, content]) => [`file:${path}`, content] as const),
  ]);

/** Second element of the first output for the inputs [3, 4, ...] and [3, 3, ...]. */
async function answerOf({ service }: LiveService, modelName = 'simple'): Promise<number | undefined> {
  const { outputs } = await service.infer(simpleRequest(3, 1, { modelName }));
  return new Int32Array(Uint8Array.from(outputs[0]?.data ?? []).buffer)[1];
}

const open = (...loadModels: string[]) => liveService(simpleModel(), { modelControlMode: 'explicit', loadModels });

test('files of a load request serve until the model is loaded without them', async (t) => {
  await using live = await open('simple');
  t.is(await answerOf(live), 7);
  await live.service.loadModel('simple', withFiles({ '1/model.onnx': multiplying }));
  t.is(await answerOf(live), 12);
  await live.service.loadModel('simple', plain);
  t.is(await answerOf(live), 7);
});

test('with files, the versions in the repository do not count', async (t) => {
  await using live = await open('simple');
  await live.service.loadModel('simple', withFiles({ '5/model.onnx': multiplying }));
  t.deepEqual(live.service.modelMetadata(simple).versions, ['5']);
  t.like(await t.throwsAsync(live.service.infer(simpleRequest(1, 1, { modelVersion: '1' }))), {
    message: "Request for unknown model: 'simple' version 1 is not at ready state",
  });
});

test('a model that no repository holds can come with its files', async (t) => {
  await using live = await open();
  await live.service.loadModel('brought', withFiles({ '1/model.onnx': multiplying, 'notes.txt': Buffer.from('x') }));
  t.is(await answerOf(live, 'brought'), 12);
  await live.service.unloadModel('brought', { unloadDependents: false });
  await t.throwsAsync(live.service.loadModel('brought', plain), { message: /^failed to load 'brought'/ });
});

test('files that cannot be served leave what served before', async (t) => {
  await using live = await open('simple');
  const parameters = withFiles({ '1/model.onnx': Buffer.from('no model') });
  t.like(await t.throwsAsync(live.service.loadModel('simple', parameters)), { reason: 'invalid-argument' });
  t.is(await answerOf(live), 7);
});

test('labels come with the files', async (t) => {
  await using live = await open();
  const parameters = withFiles({ '1/model.onnx': multiplying, 'labels.txt': Buffer.from('a\nb\nc\n') });
  const tensor = (name: string) => ({ name, data_type: 'TYPE_INT32', dims: [16] });
  const labelled = {
    max_batch_size: 8,
    input: [tensor('INPUT0'), tensor('INPUT1')],
    output: [{ ...tensor('OUTPUT0'), label_filename: 'labels.txt' }],
  };
  await live.service.loadModel('simple', new Map([...parameters, ['config', JSON.stringify(labelled)]]));
  const outputs = [{ name: 'OUTPUT0', parameters: new Map([['classification', 16]]) }];
  const response = await live.service.infer(simpleRequest(1, 1, { outputs, parameters: noParameters }));
  t.regex(Buffer.from(response.outputs[0]?.data ?? []).toString('latin1'), /1:0:a/);
});

/** So that what is left over is seen. */
const temporary = mkdtempSync(join(tmpdir(), 'override-'));
process.env['TMPDIR'] = temporary;
test.after.always(() => rm(temporary, { recursive: true }));
const folders = async () => (await readdir(temporary)).filter((name) => name.startsWith('perf-analyze-model-')).length;

const paths = ['', '/etc/passwd', '../x', '1/../../x', 'a//b', './x', '1/', 'a\\..\\x', 'a\0b', '..', '1/..'];

for (const path of paths) {
  test.serial(`a file may not be called ${JSON.stringify(path)}`, async (t) => {
    await using live = await open('simple');
    const parameters = withFiles({ '1/model.onnx': multiplying, [path]: Buffer.from('x') });
    t.like(await t.throwsAsync(live.service.loadModel('simple', parameters)), { reason: 'invalid-argument' });
    t.is(await answerOf(live), 7);
    t.is(await folders(), 0);
  });
}

test.serial('the files are removed when nothing serves from them', async (t) => {
  const live = await open('simple');
  await live.service.loadModel('simple', withFiles({ '1/model.onnx': multiplying }));
  t.is(await folders(), 1);
  await t.throwsAsync(live.service.loadModel('simple', withFiles({ '1/model.onnx': Buffer.from('x') })));
  t.is(await folders(), 1);
  await live[Symbol.asyncDispose]();
  t.is(await folders(), 0);
});

test('files do not select code to run', async (t) => {
  await using live = await open();
  const code = Buffer.from('export const execute = () => [];');
  for (const file of ['1/model.js', '1/model.mjs', '1/model.cjs']) {
    const parameters = new Map([...withFiles({ [file]: code }), ['config', '{"backend":"javascript"}']]);
    await t.throwsAsync(live.service.loadModel('brought', parameters));
    t.like(await t.throwsAsync(live.service.loadModel('brought', withFiles({ [file]: code }))), {
      message: `load parameter 'file:${file}' cannot bring JavaScript: code comes from the model repository alone`,
    });
  }
  const own = withFiles({ 'config.pbtxt': Buffer.from('backend: "javascript"'), '1/model.onnx': code });
  const chosen = new Map([...own, ['config', '{"backend":"javascript","default_model_filename":"model.onnx"}']]);
  await t.throwsAsync(live.service.loadModel('brought', chosen));
  t.deepEqual(await live.service.repositoryIndex({ readyOnly: true }), []);
});

test('what is no file is refused', async (t) => {
  await using live = await open();
  t.like(await t.throwsAsync(live.service.loadModel('simple', withFiles({ '1/model.onnx': 'text' }))), {
    message: "load parameter 'file:1/model.onnx' must be the bytes of a file",
  });
  const both = withFiles({ '1': Buffer.from('x'), '1/model.onnx': multiplying });
  t.like(await t.throwsAsync(live.service.loadModel('simple', both)), { reason: 'invalid-argument' });
});
