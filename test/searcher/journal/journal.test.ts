import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { processMark } from '../../../src/cli/process-mark.js';
import { journaledMeasure, openJournal } from '../../../src/cli/search/journal.js';
import { seededRandom } from '../../../src/core/random.js';
import type { Trial } from '../../../src/core/trial.js';

const entry = fileURLToPath(new URL('./search-entry.js', import.meta.url));

const trial = (concurrency: number): Trial => ({
  ok: true,
  candidate: { concurrency },
  metrics: { perf_throughput: concurrency },
  seconds: 1,
});

function inFolder(run: (folder: string) => Promise<void> | void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'perf-analyze-journal-'));
  return Promise.resolve(run(folder)).finally(() => rmSync(folder, { recursive: true }));
}

test('openJournal gives back what was appended under the same key (D13)', (t) =>
  inFolder((folder) => {
    const file = join(folder, 'j.jsonl');
    {
      using journal = openJournal(file);
      journal.append('a', trial(1));
      journal.append('b', trial(2));
      journal.append('a', trial(3));
    }
    using journal = openJournal(file);
    t.deepEqual(journal.recorded('a'), [trial(1), trial(3)]);
    t.deepEqual(journal.recorded('c'), []);
  }));

test('openJournal drops a line that was cut, and goes on behind the one before (D13)', (t) =>
  inFolder((folder) => {
    const file = join(folder, 'j.jsonl');
    {
      using journal = openJournal(file);
      journal.append('a', trial(1));
    }
    appendFileSync(file, '{"format":"perf-analyze/trial","formatVer');
    {
      using journal = openJournal(file);
      journal.append('a', trial(2));
    }
    using journal = openJournal(file);
    t.deepEqual(journal.recorded('a'), [trial(1), trial(2)]);
  }));

test('openJournal refuses a journal that a running process writes, and takes over from one that has ended', (t) =>
  inFolder((folder) => {
    const file = join(folder, 'j.jsonl');
    {
      using _journal = openJournal(file);
      t.throws(() => openJournal(file), {
        message: /^Cannot use --journal .*j\.jsonl: expected no other search there, got one that runs$/,
      });
    }
    const [place = '', pid = ''] = processMark(process.pid).split('-');
    writeFileSync(`${file}.lock`, `${place}-${pid}-1`);
    openJournal(file)[Symbol.dispose]();
    t.false(existsSync(`${file}.lock`));
  }));

test('openJournal says that a disk is full, and the journal has all but the trial that did not fit', (t) =>
  inFolder(async (folder) => {
    const [file, answer] = [join(folder, 'j.jsonl'), join(folder, 'answer.json')];
    // The least file size of a shell: a block, which is 512 or 1024 bytes.
    const limited = `trap '' XFSZ; ulimit -f 4; exec "$0" "$1" "$2" "$3"`;
    const child = spawn('sh', ['-c', limited, process.execPath, entry, file, answer], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    await new Promise((resolve) => child.once('close', resolve));
    t.regex(said, /Cannot write --journal .*j\.jsonl: EFBIG/);
    const full = readFileSync(file, 'utf8');
    using journal = openJournal(file);
    t.is(journal.recorded('key').length, full.split('\n').length - 1);
    t.true(journal.recorded('key').length > 0);
  }));

test('openJournal refuses what is no journal, and leaves it as it is', (t) =>
  inFolder((folder) => {
    const file = join(folder, 'other.txt');
    writeFileSync(file, 'hello\nworld\nno end');
    t.throws(() => openJournal(file), { message: /Cannot resume --journal .*: expected a trial in line 1, got hello/ });
    t.is(readFileSync(file, 'utf8'), 'hello\nworld\nno end');
  }));

test('journaledMeasure measures only what the journal does not have, one record a measurement', (t) =>
  inFolder(async (folder) => {
    using journal = openJournal(join(folder, 'j.jsonl'));
    journal.append('a', trial(1));
    let measured = 0;
    const measure = journaledMeasure(journal, 'a', async () => {
      measured++;
      return trial(1);
    });
    await measure({ concurrency: 1 });
    t.is(measured, 0);
    await measure({ concurrency: 1 });
    t.is(measured, 1, 'a repeat is another measurement');
    t.is(journal.recorded('a').length, 2);
  }));

test('journaledMeasure passes over what was cut for the sake of limits that hold no more', (t) =>
  inFolder(async (folder) => {
    using journal = openJournal(join(folder, 'j.jsonl'));
    const cut = { ...trial(1), cut: { medianMs: 20, throughput: 50 } };
    for (let times = 0; times < 3; times++) journal.append('a', cut);
    const measured: unknown[] = [];
    const measure = journaledMeasure(journal, 'a', async (_candidate, hopeless) => {
      measured.push(hopeless);
      return trial(1);
    });
    t.deepEqual(await measure({ concurrency: 1 }, { medianMs: 20, throughput: 50 }), cut);
    t.deepEqual(await measure({ concurrency: 1 }, { medianMs: 10, throughput: 80 }), cut);
    t.deepEqual(await measure({ concurrency: 1 }, { medianMs: 40, throughput: 50 }), trial(1));
    t.deepEqual(measured, [{ medianMs: 40, throughput: 50 }]);
  }));

/** Runs the search; with a delay, kills it so many milliseconds after it has recorded something new, unless it is done by then. */
function runSearch(journal: string, answer: string, killDelayMs?: number): Promise<void> {
  const sizeOf = (): number => statSync(journal, { throwIfNoEntry: false })?.size ?? 0;
  const before = sizeOf();
  const child = spawn(process.execPath, [entry, journal, answer], { stdio: ['ignore', 'ignore', 'inherit'] });
  const watch = setInterval(() => {
    if (killDelayMs === undefined || sizeOf() === before) return;
    clearInterval(watch);
    setTimeout(() => child.kill('SIGKILL'), killDelayMs);
  }, 1);
  return new Promise((resolve) => {
    child.once('close', () => {
      clearInterval(watch);
      resolve();
    });
  });
}

test('a search that is killed 20 times and resumed ends as one that was not, with a journal that can be read each time', (t) =>
  inFolder(async (folder) => {
    t.timeout(120_000);
    const [journal, answer] = [join(folder, 'killed.jsonl'), join(folder, 'killed.json')];
    const undisturbed = join(folder, 'undisturbed.json');
    await runSearch(join(folder, 'undisturbed.jsonl'), undisturbed);
    const random = seededRandom(5);
    for (let kill = 0; kill < 20; kill++) {
      await runSearch(journal, answer, 30 * random());
      openJournal(journal)[Symbol.dispose]();
    }
    await runSearch(journal, answer);
    t.true(existsSync(answer));
    const [mine, other] = [answer, undisturbed].map((file) => JSON.parse(readFileSync(file, 'utf8')));
    t.deepEqual(mine, other);
  }));
