import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import {
  checkModelName,
  listModels,
  readModelDirectory,
  selectVersions,
} from '../../../src/server/repository/scan-repository.js';
import { testRepository } from '../model-folder.js';

test('listModels finds folders in all repositories and leaves out hidden ones and files', async (t) => {
  await using first = await testRepository({ 'b/1/x': '', 'a/1/x': '', '.git/x': '', 'note.txt': '' });
  await using second = await testRepository({ 'b/1/x': '' });
  t.deepEqual(
    [...(await listModels([first.path, second.path]))],
    [
      ['a', [join(first.path, 'a')]],
      ['b', [join(first.path, 'b'), join(second.path, 'b')]],
    ],
  );
});

test('listModels names a repository that is not there', async (t) => {
  await t.throwsAsync(listModels(['/nowhere']), {
    code: 'file',
    message: /^Cannot read --model-repository \/nowhere: expected a folder, got ENOENT/,
  });
});

test('readModelDirectory takes decimal versions without leading zero', async (t) => {
  await using repository = await testRepository({
    'm/10/x': '',
    'm/2/x': '',
    'm/01/x': '',
    'm/0/x': '',
    'm/v3/x': '',
    'm/4': 'a file',
    'm/config.pbtxt': 'name: "m"',
  });
  const directory = await readModelDirectory(join(repository.path, 'm'));
  t.deepEqual(directory.versions, [2, 10]);
  t.is(directory.configText, 'name: "m"');
});

test('readModelDirectory changes its fingerprint with the files', async (t) => {
  await using repository = await testRepository({ 'm/1/model.onnx': 'a' });
  const path = join(repository.path, 'm');
  const fingerprint = async () => (await readModelDirectory(path)).fingerprint;
  const first = await fingerprint();
  t.is(await fingerprint(), first);
  await utimes(join(path, '1/model.onnx'), 1, 1);
  const second = await fingerprint();
  await repository.write('m/config.pbtxt', '');
  t.is(new Set([first, second, await fingerprint()]).size, 3);
});

for (const [title, policy, expected] of [
  ['the highest without a policy', undefined, [7]],
  ['the n highest', { latest: { num_versions: 2 } }, [3, 7]],
  ['all', { all: {} }, [1, 3, 7]],
  ['those that are there', { specific: { versions: [7, 9, 1] } }, [1, 7]],
] as const) {
  test(`selectVersions takes ${title}`, (t) => {
    t.deepEqual(selectVersions([1, 3, 7], policy), [...expected]);
  });
}

for (const name of ['', '  ', '..', '.', '../m', '/etc', 'a/b', 'a\\b', 'a\0b']) {
  test(`checkModelName refuses ${JSON.stringify(name)}`, (t) => {
    t.throws(() => checkModelName(name), { message: /^Model name .*(empty|path traversal)/ });
  });
}

test('checkModelName takes ordinary names', (t) => {
  t.notThrows(() => checkModelName('resnet50-v1.5_fp32 test'));
});
