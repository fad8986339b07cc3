import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { PerfError } from '../../../../src/core/perf-error.js';
import { resolveOnnxruntime } from '../../../../src/server/backends/onnxruntime/resolve-onnxruntime.js';
import { testRepository } from '../../model-folder.js';

const entry = 'node_modules/onnxruntime-node/index.js';

/** Puts a package that only has an entry file below a folder. */
async function fakeInstall(folder: string): Promise<void> {
  await mkdir(join(folder, 'node_modules/onnxruntime-node'), { recursive: true });
  await writeFile(join(folder, entry), '');
}

async function setup() {
  const folder = await testRepository({ 'ours/package.json': '{}' });
  const installs: string[] = [];
  const lines: string[] = [];
  const options = {
    cacheDirectory: join(folder.path, 'cache'),
    version: '1.2.3',
    from: join(folder.path, 'ours/package.json'),
    log: (line: string) => lines.push(line),
    install: async (target: string, version: string) => {
      installs.push(version);
      await fakeInstall(target);
    },
  };
  const cached = join(folder.path, 'cache/onnxruntime-node-1.2.3');
  return { folder, options, installs, lines, cached, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

test('resolveOnnxruntime prefers what is installed with us', async (t) => {
  await using here = await setup();
  await fakeInstall(join(here.folder.path, 'ours'));
  await fakeInstall(here.cached);
  t.is(await resolveOnnxruntime(here.options), join(here.folder.path, 'ours', entry));
  t.deepEqual([here.installs, here.lines], [[], []]);
});

test('resolveOnnxruntime takes the cached package before it installs one', async (t) => {
  await using here = await setup();
  await fakeInstall(here.cached);
  t.is(await resolveOnnxruntime(here.options), join(here.cached, entry));
  t.deepEqual([here.installs, here.lines], [[], []]);
});

test('resolveOnnxruntime installs once, says so, and leaves no temporary folder', async (t) => {
  await using here = await setup();
  t.is(await resolveOnnxruntime(here.options), join(here.cached, entry));
  t.is(await resolveOnnxruntime(here.options), join(here.cached, entry));
  t.deepEqual(here.installs, ['1.2.3']);
  t.deepEqual(here.lines, ['note: onnxruntime-node is not installed: fetching version 1.2.3 from the npm registry']);
  t.deepEqual(await readdir(here.options.cacheDirectory), ['onnxruntime-node-1.2.3']);
});

test('resolveOnnxruntime says how to install by hand when npm fails', async (t) => {
  await using here = await setup();
  const install = () => Promise.reject(new Error('npm error code ENOTFOUND\nmore'));
  const error = await t.throwsAsync(resolveOnnxruntime({ ...here.options, install }), { instanceOf: PerfError });
  t.is(error.message, 'Cannot load onnxruntime-node: expected version 1.2.3, got: npm error code ENOTFOUND');
  t.is(error.hint, 'Install it by hand: npm install --ignore-scripts onnxruntime-node@1.2.3');
  t.deepEqual(await readdir(here.options.cacheDirectory), []);
});
