import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { PerfError } from '../../../src/core/perf-error.js';
import { logFile } from '../../../src/server/logging/log-file.js';
import { liveService, simpleModel } from '../live-service.js';
import { testRepository } from '../model-folder.js';

test('logFile appends, also to a file that was moved away', async (t) => {
  await using folder = await testRepository({ 'log.txt': 'before\n' });
  const path = join(folder.path, 'log.txt');
  const write = logFile(path);
  write('one');
  t.is(await readFile(path, 'utf8'), 'before\none\n');
  await rename(path, `${path}.1`);
  write('two');
  t.is(await readFile(path, 'utf8'), 'two\n');
});

test('logFile names a file that it cannot write', (t) => {
  const error = t.throws(() => logFile('/nowhere/log.txt'), { instanceOf: PerfError });
  t.regex(error?.message ?? '', /^Cannot use --log-file \/nowhere\/log\.txt: expected .*, got ENOENT/);
});

test('a server with a log file writes there alone and says so in its settings', async (t) => {
  await using folder = await testRepository();
  const path = join(folder.path, 'log.txt');
  await using live = await liveService(
    {
      ...simpleModel(),
      'simple/config.pbtxt': `max_batch_size: 8 instance_group { kind: KIND_CPU count: 3 }
        parameters { key: "intra_op_thread_count" value { string_value: "64" } }`,
    },
    { logFile: path },
  );
  t.is(live.service.log.settings.log_file, path);
  t.deepEqual(live.lines, []);
  t.regex(await readFile(path, 'utf8'), /^warning: model 'simple': 3 instances x 64 threads exceed the \d+ cores\n$/);
});
