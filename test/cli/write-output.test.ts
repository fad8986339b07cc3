import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { checkWritable, writeOutput } from '../../src/cli/write-output.js';
import { PerfError } from '../../src/core/perf-error.js';

function folder(): { path: string; [Symbol.dispose](): void } {
  const path = mkdtempSync(join(tmpdir(), 'perf-analyze-output-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

test('writeOutput replaces a file and leaves nothing beside it', (t) => {
  using place = folder();
  const file = join(place.path, 'a.csv');
  writeFileSync(file, 'old');
  writeOutput('-f', file, 'new');
  t.is(readFileSync(file, 'utf8'), 'new');
  t.deepEqual(readdirSync(place.path), ['a.csv']);
});

test('writeOutput follows a link', (t) => {
  using place = folder();
  writeFileSync(join(place.path, 'real'), 'old');
  symlinkSync('real', join(place.path, 'link'));
  writeOutput('-f', join(place.path, 'link'), 'new');
  t.true(lstatSync(join(place.path, 'link')).isSymbolicLink());
  t.is(readFileSync(join(place.path, 'real'), 'utf8'), 'new');
});

test('writeOutput does not put a file in the place of a device', (t) => {
  checkWritable('-f', '/dev/null');
  writeOutput('-f', '/dev/null', 'text');
  t.true(lstatSync('/dev/null').isCharacterDevice());
});

test('checkWritable refuses what cannot be written later', (t) => {
  using place = folder();
  for (const file of [join(place.path, 'none', 'a.csv'), place.path]) {
    const error = t.throws(() => checkWritable('-f', file), { instanceOf: PerfError });
    t.is(error?.code, 'file');
    t.true(error?.message.startsWith(`Cannot write -f ${file}: expected`));
  }
});

test('checkWritable accepts a pipe and does not open it', (t) => {
  using place = folder();
  const pipe = join(place.path, 'pipe');
  execFileSync('mkfifo', [pipe]);
  t.notThrows(() => checkWritable('-f', pipe));
  t.true(lstatSync(pipe).isFIFO());
});

test('writeOutput into a pipe that nobody reads can be interrupted', async (t) => {
  using place = folder();
  const pipe = join(place.path, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const script = `
    import { writeOutput } from ${JSON.stringify(new URL('../../src/cli/write-output.js', import.meta.url).href)};
    process.on('SIGINT', () => undefined);
    console.log('ready');
    writeOutput('-f', ${JSON.stringify(pipe)}, 'text');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  const ended = once(child, 'close');
  const again = setInterval(() => child.kill('SIGINT'), 100); // the first may come before it writes
  const [, signal] = await Promise.race([ended, new Promise<[]>((resolve) => setTimeout(resolve, 20_000, []).unref())]);
  clearInterval(again);
  t.is(signal, 'SIGINT');
});

test('writeOutput into a device leaves those who listen for signals as they were', (t) => {
  const listener = (): void => undefined;
  process.on('SIGHUP', listener);
  writeOutput('-f', '/dev/null', 'text');
  t.deepEqual(process.listeners('SIGHUP'), [listener]);
  process.off('SIGHUP', listener);
});
