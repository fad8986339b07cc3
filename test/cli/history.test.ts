import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { addRun, readStore } from '../../src/cli/history/store.js';
import { seededRandom } from '../../src/core/random.js';
import { createWorkplace, type Workplace } from '../helpers/cli.js';
import { refusalOf, runIn } from '../helpers/command-here.js';
import { simulatedRun } from '../helpers/noisy-runs.js';

const random = seededRandom(21);

/** A stored run of some night, which is `shift` times slower. */
function writeNight(place: Workplace, night: number, shift = 1): string {
  const file = `night-${night}.json`;
  const run = simulatedRun(random, 0.01, shift);
  const startedAt = new Date(Date.UTC(2026, 0, 1 + night, 3)).toISOString();
  writeFileSync(place.path(file), JSON.stringify({ ...run, startedAt }));
  return file;
}

test('history keeps every run that two writers add at once, and check names the first bad one', async (t) => {
  await using place = createWorkplace();
  const files = Array.from({ length: 80 }, (_, night) => writeNight(place, night, night < 76 ? 1 : 1.15));
  const add = (remainder: number) =>
    place.run('history', 'add', '--store', 'nights', ...files.filter((_, index) => index % 2 === remainder));
  for (const { code, stderr } of await Promise.all([add(0), add(1)])) t.is(code, 0, stderr);
  const lines = readFileSync(place.path('nights/runs.jsonl'), 'utf8').trimEnd().split('\n');
  t.is(new Set(lines.map((line) => JSON.parse(line).startedAt)).size, 80);
  t.is(readStore(place.path('nights')).entries.length, 80);

  const outputs = ['--html', 'trend.html', '--json', 'trend.json'];
  const { code, stdout } = await runIn(place, 'history', 'check', '--store', 'nights', ...outputs);
  t.is(code, 4, stdout);
  t.regex(stdout, /Regression: 4 of 4 figures, first bad run 2026-03-18 03:00\n/);
  const [, lastGood = '', firstBad = ''] = /perf-analyze compare (\S+) (\S+)\n/.exec(stdout) ?? [];
  const startOf = (file: string): string =>
    JSON.parse(readFileSync(place.path(join('nights', file)), 'utf8')).startedAt;
  t.deepEqual([lastGood, firstBad].map(startOf), ['2026-03-17T03:00:00.000Z', '2026-03-18T03:00:00.000Z']);
  t.is(JSON.parse(readFileSync(place.path('trend.json'), 'utf8')).groups[0].runs.length, 80);
  t.regex(readFileSync(place.path('trend.html'), 'utf8'), /Regression: 4 of 4 figures/);
});

test('a line that its writer could not finish costs no other run', async (t) => {
  await using place = createWorkplace();
  const store = place.path('nights');
  addRun(store, simulatedRun(random, 0.01), 'first');
  appendFileSync(join(store, 'runs.jsonl'), '{"format":"perf-analyze/history-e');
  t.deepEqual(
    readStore(store).entries.map(({ label }) => label),
    ['first'],
  );
  const second = simulatedRun(random, 0.01);
  addRun(store, second, 'second');
  t.is(addRun(store, second, 'again'), undefined);
  const { entries, remarks } = readStore(store);
  t.deepEqual(
    entries.map(({ label }) => label),
    ['first', 'second'],
  );
  t.regex(remarks.join(), /Line 2 of .*runs.jsonl is not complete/);
  appendFileSync(join(store, 'runs.jsonl'), '{"format":"other"}\n');
  t.throws(() => readStore(store), {
    message: /Cannot read --store .*: expected a run in line 4, got {"format":"other"}/,
  });
});

test('history refuses what an action cannot take', async (t) => {
  const refusals = [
    [['history', 'add', '--store', 'absent'], /Cannot add to the history: expected runs, got none/],
    [
      ['history', 'check', 'a.json', '--store', 'absent'],
      /Cannot use runs with history check: expected none, got 'a.json'/,
    ],
    [
      ['history', 'check', '--store', 'absent'],
      /Cannot read --store absent: expected runs that history add kept, got none/,
    ],
    [['history', 'undo', '--store', 'absent'], /Cannot use history: expected add, show, check, got 'undo'/],
  ] as const;
  for (const [args, message] of refusals) {
    const { code, message: got } = await refusalOf(...args);
    t.is(code, 64);
    t.regex(got, message);
  }
});
