import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { appendFile, mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { findSampleModel, sampleModels } from '../../sample-models/catalogue.js';
import { writeModelFiles, writeSampleModel } from '../../sample-models/write-sample-model.js';
import { PerfError } from '../../src/core/perf-error.js';
import { temporaryDirectory } from './temporary-directory.js';

const complete = ['1', '1/model.onnx', '1/model.onnx.sha256', 'config.pbtxt'];

async function filesIn(directory: string): Promise<string[]> {
  return (await readdir(directory, { recursive: true })).map((path) => path.replaceAll('\\', '/')).toSorted();
}

async function digestOf(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

type Builder = ChildProcessByStdio<Writable, Readable, null>;

/** A process that has begun to build the mlp and stays in the middle of it until it is told to go on. */
async function pausedBuilder(t: ExecutionContext, repository: string): Promise<Builder> {
  const script = fileURLToPath(new URL('write-sample-model-child.js', import.meta.url));
  const child = spawn(process.execPath, [script, 'mlp', repository], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

for (const { name, sha256, sizeBytes } of sampleModels.filter(({ name }) => name !== 'resnet50')) {
  test(`writeSampleModel writes ${name}, the same bytes on every machine`, async (t) => {
    const repository = await temporaryDirectory(t);
    const fractions: number[] = [];
    const written = await writeSampleModel(name, repository, { onProgress: (fraction) => fractions.push(fraction) });
    t.deepEqual(written, { directory: join(repository, name), built: true });
    t.deepEqual(await filesIn(written.directory), complete);
    const path = join(written.directory, '1', 'model.onnx');
    t.is((await stat(path)).size, sizeBytes);
    t.is(await digestOf(path), sha256);
    t.deepEqual(
      fractions,
      fractions.toSorted((left, right) => left - right),
    );
    t.is(fractions.at(-1), 1);
  });
}

test('writeSampleModel leaves a complete model as it is', async (t) => {
  const repository = await temporaryDirectory(t);
  await writeSampleModel('mlp', repository);
  const path = join(repository, 'mlp', '1', 'model.onnx');
  const before = await stat(path);
  const again = await writeSampleModel('mlp', repository, { onProgress: () => t.fail() });
  t.false(again.built);
  await rm(`${path}.sha256`);
  t.false((await writeSampleModel('mlp', repository)).built);
  t.is((await stat(path)).ino, before.ino);
  t.deepEqual(await filesIn(join(repository, 'mlp')), complete);
});

const damages: readonly [string, (path: string) => Promise<void>][] = [
  ['cut in half', async (path) => writeFile(path, (await readFile(path)).subarray(0, 100))],
  ['longer', (path) => appendFile(path, 'x')],
  ['of other content', async (path) => writeFile(path, (await readFile(path)).fill(1))],
];
for (const [damage, inflict] of damages) {
  test(`writeSampleModel replaces a model.onnx that is ${damage}`, async (t) => {
    const repository = await temporaryDirectory(t);
    await writeSampleModel('simple', repository);
    const path = join(repository, 'simple', '1', 'model.onnx');
    await inflict(path);
    const later = new Date(Date.now() + 5000); // the damage comes after the note, whatever the clock's grain
    await utimes(path, later, later);
    t.true((await writeSampleModel('simple', repository)).built);
    t.is(await digestOf(path), findSampleModel('simple').sha256);
  });
}

test('writeSampleModel puts back a config.pbtxt that differs from ours', async (t) => {
  const repository = await temporaryDirectory(t);
  const path = join(repository, 'simple', 'config.pbtxt');
  await mkdir(join(repository, 'simple'));
  await writeFile(path, 'max_batch_size: 4');
  await writeSampleModel('simple', repository);
  t.regex(await readFile(path, 'utf8'), /max_batch_size: 8/);
});

test('writeSampleModel keeps the config.pbtxt of the user when asked to', async (t) => {
  const repository = await temporaryDirectory(t);
  const path = join(repository, 'simple', 'config.pbtxt');
  await mkdir(join(repository, 'simple'));
  await writeFile(path, 'max_batch_size: 4');
  t.true((await writeSampleModel('simple', repository, { existing: 'keep' })).built);
  t.is(await readFile(path, 'utf8'), 'max_batch_size: 4');
});

test('writeSampleModel refuses to replace a model of the user when asked to keep it', async (t) => {
  const repository = await temporaryDirectory(t);
  const path = join(repository, 'simple', '1', 'model.onnx');
  await mkdir(join(repository, 'simple', '1'), { recursive: true });
  await writeFile(path, 'precious');
  const error = await t.throwsAsync(writeSampleModel('simple', repository, { existing: 'keep' }), {
    instanceOf: PerfError,
    message: `Cannot write the sample model simple: expected no other model at ${path}, got one of 8 bytes`,
  });
  t.is(error?.code, 'file');
  t.is(await readFile(path, 'utf8'), 'precious');
});

test('writeSampleModel stops at an abort and leaves no file behind', async (t) => {
  const repository = await temporaryDirectory(t);
  const { signal, abort } = abortable();
  const stopped = writeSampleModel('mlp', repository, {
    signal,
    onProgress: (fraction) => {
      if (fraction > 0.25) abort(new Error('interrupted'));
    },
  });
  await t.throwsAsync(stopped, { message: 'interrupted' });
  t.deepEqual(await filesIn(join(repository, 'mlp')), ['1']);
});

function abortable(): { readonly signal: AbortSignal; readonly abort: (reason: Error) => void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: (reason) => controller.abort(reason) };
}

test('writeSampleModel refuses when the signal is already aborted', async (t) => {
  const repository = await temporaryDirectory(t);
  const signal = AbortSignal.abort(new Error('interrupted'));
  await t.throwsAsync(writeSampleModel('simple', repository, { signal }), { message: 'interrupted' });
  t.deepEqual(await readdir(repository), []);
});

test('writeSampleModel refuses an unknown name', async (t) => {
  const error = await t.throwsAsync(writeSampleModel('resnet', '/nowhere'), { instanceOf: PerfError });
  t.is(error?.code, 'model');
});

test('writeSampleModel refuses a repository that is a file', async (t) => {
  const repository = join(await temporaryDirectory(t), 'file');
  await writeFile(repository, '');
  const error = await t.throwsAsync(writeSampleModel('simple', repository), { instanceOf: PerfError });
  t.is(error?.code, 'file');
  t.true(error?.message.includes(`expected a writable folder with room for it at ${repository}, got ENOTDIR`));
});

test('writeModelFiles refuses bytes of another digest and leaves no file behind', async (t) => {
  const repository = await temporaryDirectory(t);
  const simple = findSampleModel('simple');
  const expected = '0'.repeat(64);
  const error = await t.throwsAsync(writeModelFiles({ ...simple, sha256: expected }, repository), {
    instanceOf: PerfError,
    message:
      `Cannot build the sample model simple: expected 241 bytes with sha256 ${expected}, ` +
      `got 241 bytes with sha256 ${simple.sha256}`,
  });
  t.is(error?.code, 'model');
  t.deepEqual(await filesIn(join(repository, 'simple')), ['1']);
});

test('writeSampleModel that is killed leaves no model, and the next one sweeps what it left', async (t) => {
  const repository = await temporaryDirectory(t);
  const child = await pausedBuilder(t, repository);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const left = await readdir(join(repository, 'mlp', '1'));
  t.is(left.length, 1);
  t.regex(left[0] ?? '', new RegExp(`^\\.model\\.onnx\\..*\\.${child.pid}\\.[0-9a-f]{8}\\.tmp$`));

  t.true((await writeSampleModel('mlp', repository)).built);

  t.deepEqual(await filesIn(join(repository, 'mlp')), complete);
});

test('writeSampleModel may run in several processes at the same time', async (t) => {
  const repository = await temporaryDirectory(t);
  const builders = await Promise.all([pausedBuilder(t, repository), pausedBuilder(t, repository)]);
  t.is((await readdir(join(repository, 'mlp', '1'))).length, 2);
  await writeSampleModel('mlp', repository); // the third does not sweep the files of the two
  const ends = builders.map((child) => once(child, 'exit'));
  for (const child of builders) child.stdin.end('\n');
  t.deepEqual(await Promise.all(ends), [
    [0, null],
    [0, null],
  ]);
  t.deepEqual(await filesIn(join(repository, 'mlp')), complete);
  t.is(await digestOf(join(repository, 'mlp', '1', 'model.onnx')), findSampleModel('mlp').sha256);
});

test('writeSampleModel sweeps temporary files of another machine once they are old', async (t) => {
  const repository = await temporaryDirectory(t);
  const directory = join(repository, 'simple', '1');
  await mkdir(directory, { recursive: true });
  const [fresh, old] = ['.model.onnx.elsewhere.1.0123abcd.tmp', '.model.onnx.elsewhere.2.0123abcd.tmp'];
  await writeFile(join(directory, fresh), '');
  await writeFile(join(directory, old), '');
  await utimes(join(directory, old), new Date(0), new Date(0));
  await writeSampleModel('simple', repository);
  t.deepEqual((await readdir(directory)).toSorted(), [fresh, 'model.onnx', 'model.onnx.sha256']);
});
