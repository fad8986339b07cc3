import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import {
  checkConfigurationsWritable,
  configurationChanges,
  writeConfigurations,
} from '../../../src/cli/search/write-configuration.js';
import type { Candidate } from '../../../src/core/trial.js';
import { parseModelConfig } from '../../../src/protocol/model-config-codec.js';

const base = 'name: "m" max_batch_size: 8 instance_group { count: 1 kind: KIND_CPU }';

/** A repository with the model `m`, and with `part`, which works within it; without text there is no file. */
function repositoryOf(t: ExecutionContext, text: string | undefined) {
  const modelRepository = mkdtempSync(join(tmpdir(), 'perf-analyze-write-'));
  t.teardown(() => rmSync(modelRepository, { recursive: true }));
  for (const name of ['m', 'part']) mkdirSync(join(modelRepository, name));
  const [file, part] = ['m', 'part'].map((name) => join(modelRepository, name, 'config.pbtxt')) as [string, string];
  if (text !== undefined) writeFileSync(file, text);
  writeFileSync(part, 'max_batch_size: 8\n');
  const server = {
    config: parseModelConfig(text ?? base),
    composing: new Map([['part', parseModelConfig('name: "part" max_batch_size: 8')]]),
    modelRepository,
    precisions: undefined,
  };
  const said: string[] = [];
  const context = {
    print: (line: string) => said.push(line),
    progress: { say: (line: string) => said.push(line) },
  } as never;
  const changesOf = configurationChanges(server, 'm');
  return {
    server,
    file,
    part,
    said,
    write: (candidate: Candidate, isWished = true, breaksLimit = false) =>
      writeConfigurations(changesOf(candidate), { isWished, breaksLimit, context }),
  };
}

const read = (file: string): string => readFileSync(file, 'utf8');

test('writeConfigurations refuses a file that changed since the search began, and then writes none', async (t) => {
  const { file, part, write } = repositoryOf(t, base);
  writeFileSync(part, '# changed meanwhile\nmax_batch_size: 8\n');
  const both = { instance_count: 2, 'part:instance_count': 2 };
  await t.throwsAsync(write(both), {
    message: /^Cannot write .*part\/config\.pbtxt: expected it as it was when the search began, got another text$/,
  });
  t.is(read(file), base);
  t.false(existsSync(`${file}.bak`));
  rmSync(file);
  await t.throwsAsync(write({ instance_count: 2 }), { message: /^Cannot write .*m\/config\.pbtxt: expected it as/ });
  t.false(existsSync(file));
});

test('writeConfigurations keeps the old file beside the new one, and leaves nothing else behind', async (t) => {
  const text = `# ours\r\n${base.replace(' max', ' # comment\r\nmax')}\r\n`;
  const { server, file, said, write } = repositoryOf(t, text);
  await write({ instance_count: 2, max_batch_size: 32 }, false);
  t.is(read(file), text, 'a dry run');
  t.regex(said.join(''), /^\+max_batch_size: 32/m);
  await write({ instance_count: 2, max_batch_size: 32 });
  t.is(read(`${file}.bak`), text);
  t.true(read(file).startsWith('# ours\r\nname: "m" # comment\r\nmax_batch_size: 32 '));
  t.is(parseModelConfig(read(file)).instance_group[0]?.count, 2);
  t.deepEqual(readdirSync(join(server.modelRepository, 'm')).sort(), ['config.pbtxt', 'config.pbtxt.bak']);
});

test('writeConfigurations does not write what breaks a limit', async (t) => {
  const { file, said, write } = repositoryOf(t, base);
  await write({ instance_count: 2 }, true, true);
  t.is(read(file), base);
  t.regex(
    said.join('\n'),
    /^\+ {2}count: 2$[\s\S]*^Did not write .*config\.pbtxt: the best that was found breaks a limit\.$/m,
  );
});

test('writeConfigurations writes a configuration where there was none', async (t) => {
  const { file, write } = repositoryOf(t, undefined);
  await write({ instance_count: 3 });
  t.deepEqual(parseModelConfig(read(file)).max_batch_size, 8);
  t.is(parseModelConfig(read(file)).instance_group[0]?.count, 3);
  t.false(existsSync(`${file}.bak`));
});

test('checkConfigurationsWritable finds before a search what could not be written behind it', (t) => {
  const { server, part } = repositoryOf(t, base);
  t.notThrows(() => checkConfigurationsWritable(server, 'm'));
  rmSync(part);
  mkdirSync(part);
  t.throws(() => checkConfigurationsWritable(server, 'm'), {
    message: /^Cannot write --write-config .*part\/config\.pbtxt: expected a file, got a folder$/,
  });
});
