import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import test from 'ava';
import { hasEnded, processMark } from '../../src/cli/process-mark.js';
import { temporaryFolder } from '../../src/cli/temporary-folder.js';
import { temporaryDirectory } from '../sample-models/temporary-directory.js';

test.serial(
  'temporaryFolder removes what a killed owner left behind, and nothing of one that runs or may run',
  async (t) => {
    const place = await temporaryDirectory(t);
    process.env['TMPDIR'] = place;
    const other = spawn('sleep', ['60'], { stdio: 'ignore' });
    const mark = processMark(other.pid ?? 0);
    const folderOf = (owner: string): string => join(place, `perf-analyze-search-${owner}-AbCdEf`);
    const elsewhere = `${'0'.repeat(12)}${mark.slice(12)}`;
    const foreign = join(place, 'perf-analyze-search-notes');
    for (const folder of [folderOf(mark), folderOf(elsewhere), foreign]) {
      mkdirSync(join(folder, 'm/1'), { recursive: true });
      writeFileSync(join(folder, 'm/1/model.onnx'), 'x');
    }
    {
      await using mine = await temporaryFolder('search');
      t.true(existsSync(folderOf(mark)), 'its owner runs');
      t.regex(basename(mine.path), /^perf-analyze-search-/);
      other.kill('SIGKILL');
      await once(other, 'close');
      await using second = await temporaryFolder('variants');
      t.false(existsSync(folderOf(mark)));
      t.true(existsSync(folderOf(elsewhere)), 'a process of another machine or container cannot be seen');
      t.true(existsSync(foreign));
      t.true(existsSync(mine.path) && existsSync(second.path));
    }
  },
);

test('hasEnded tells a process from another one that has its id now', (t) => {
  const mark = processMark(process.pid);
  t.false(hasEnded(mark));
  const [place, pid, began] = mark.split('-');
  t.is(hasEnded(`${place}-${pid}-${Number(began) - 1}`), process.platform === 'linux');
});
