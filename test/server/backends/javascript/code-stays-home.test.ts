import { symlink } from 'node:fs/promises';
import test from 'ava';
import { liveService, simpleModel } from '../../live-service.js';
import { testRepository } from '../../model-folder.js';
import { javascriptModel, numbers, numbersOf, obeyingModule } from './javascript-model.js';

const explicit = { modelControlMode: 'explicit', loadModels: ['*'] } as const;
const refused = /cannot choose the javascript backend or its file: code comes from the model repository alone$/;

for (const [what, config] of [
  ['the backend', { backend: 'javascript' }],
  ['the platform', { platform: 'javascript' }],
  ['a file', { default_model_filename: 'evil.mjs' }],
  ['a file in capitals', { default_model_filename: 'EVIL.CJS ' }],
  ['a file for an instance', { cc_model_filenames: { '7.0': 'evil.js' } }],
] as const) {
  test.serial(`the configuration of a load request cannot choose code: ${what}`, async (t) => {
    await using live = await liveService({ ...simpleModel(), 'simple/1/evil.mjs': 'process.exit(1)' }, explicit);
    const json = JSON.stringify({ name: 'simple', max_batch_size: 8, ...config });
    const error = await t.throwsAsync(live.service.loadModel('simple', new Map([['config', json]])), {
      name: 'RefusalError',
      message: refused,
    });
    t.like(error, { reason: 'invalid-argument' });
    t.true(live.service.isModelReady({ name: 'simple', version: '' }));
  });
}

test.serial('the configuration of a load request can change a javascript model, but not its file', async (t) => {
  await using live = await liveService({ ...javascriptModel(obeyingModule), 'm/1/other.mjs': obeyingModule }, explicit);
  const { service } = live;
  const config = service.modelConfig({ name: 'm', version: '' });
  const [group] = config.instance_group;
  for (const [count, own] of [
    [2, { ...config, default_model_filename: '' }],
    [3, config],
  ] as const) {
    const changed = JSON.stringify({ ...own, instance_group: [{ ...group, count }] });
    await service.loadModel('m', new Map([['config', changed]]));
    t.is(service.modelConfig({ name: 'm', version: '' }).instance_group[0]?.count, count);
  }
  const other = JSON.stringify({ ...config, default_model_filename: 'other.mjs' });
  await t.throwsAsync(service.loadModel('m', new Map([['config', other]])), { message: refused });
  t.deepEqual(numbersOf(await service.infer(numbers([1]))), [1]);
});

for (const file of ['1/model.mjs', '1/model.js', '1/lib/part.CJS']) {
  test.serial(`a load request cannot bring code: ${file}`, async (t) => {
    await using live = await liveService(simpleModel(), explicit);
    const files = new Map<string, string | Uint8Array>([
      ['config', JSON.stringify({ name: 'simple', backend: 'onnxruntime' })],
      [`file:${file}`, Buffer.from('process.exit(1)')],
    ]);
    const error = await t.throwsAsync(live.service.loadModel('simple', files), {
      message: `load parameter 'file:${file}' cannot bring JavaScript: code comes from the model repository alone`,
    });
    t.like(error, { name: 'RefusalError', reason: 'invalid-argument' });
  });
}

for (const file of ['../../evil.mjs', '/etc/evil.mjs', 'a/../../evil.mjs', 'evil\\0.mjs', '..\\\\evil.mjs']) {
  test.serial(`a javascript model cannot leave its folder: ${file}`, async (t) => {
    await using elsewhere = await testRepository({ 'evil.mjs': 'process.exit(1)' });
    t.truthy(elsewhere);
    const files = javascriptModel(obeyingModule, `default_model_filename: "${file}"`);
    await t.throwsAsync(liveService({ ...files, 'evil.mjs': obeyingModule }), {
      message: /'default_model_filename' must stay inside the version directory of m, got /,
    });
  });
}

test.serial('a javascript model cannot leave its folder through a link', async (t) => {
  await using elsewhere = await testRepository({ 'evil.mjs': obeyingModule });
  await using live = await liveService(javascriptModel(obeyingModule), { ...explicit, loadModels: [] });
  await live.repository.remove('m/1/model.mjs');
  await symlink(`${elsewhere.path}/evil.mjs`, `${live.repository.path}/m/1/model.mjs`);
  await t.throwsAsync(live.service.loadModel('m', new Map()), {
    message: /model\.mjs must be a file of the model, got a link that leaves its folder/,
  });
});

test.serial('a javascript model has a file of JavaScript', async (t) => {
  const files = { ...javascriptModel('', 'default_model_filename: "model.txt"'), 'm/1/model.txt': obeyingModule };
  await t.throwsAsync(liveService(files), {
    message: "Cannot load model 'm': 'default_model_filename' must end in .mjs, .js or .cjs for m, got 'model.txt'",
  });
});
