import { readFileSync, writeFileSync } from 'node:fs';
import test from 'ava';
import { seededRandom } from '../../src/core/random.js';
import type { Run } from '../../src/core/run.js';
import { createWorkplace, type Workplace } from '../helpers/cli.js';
import { refusalOf, runIn } from '../helpers/command-here.js';
import { simulatedRun } from '../helpers/noisy-runs.js';

/** Three runs each: as before, the same again, and slower. */
function writeRuns(place: Workplace): void {
  const random = seededRandom(5);
  for (const [name, shift] of [
    ['base', 1],
    ['again', 1],
    ['slow', 1.2],
  ] as const) {
    for (const number of [1, 2, 3]) write(place, `${name}${number}.json`, simulatedRun(random, 0.003, shift));
  }
  const other = simulatedRun(random, 0.003);
  write(place, 'other.json', { ...other, settings: { ...other.settings, modelName: 'other' } });
}

const write = (place: Workplace, file: string, run: Run): void => writeFileSync(place.path(file), JSON.stringify(run));

const base = ['base1.json', '--base', 'base2.json', '--base', 'base3.json'];

test('compare ends with 0 for the same, and with 4 for what got worse, in every format', async (t) => {
  await using place = createWorkplace();
  writeRuns(place);
  const same = await runIn(place, 'compare', ...base, 'again1.json', 'again2.json', 'again3.json');
  t.is(same.code, 0, same.stdout + same.stderr);
  t.regex(same.stdout, /No regression: 4 same/);
  const outputs = ['--markdown', 'c.md', '--junit', 'c.xml', '--html', 'c.html'];
  const slow = await place.run('compare', ...base, 'slow1.json', 'slow2.json', 'slow3.json', ...outputs);
  t.is(slow.code, 4, slow.stderr);
  t.regex(slow.stdout, /Regression: 4 of 4 figures/);
  t.regex(readFileSync(place.path('c.md'), 'utf8'), /\*\*Regression: 4 of 4 figures\*\*/);
  t.regex(readFileSync(place.path('c.xml'), 'utf8'), /tests="4" failures="4"/);
  t.regex(readFileSync(place.path('c.html'), 'utf8'), /Regression: 4 of 4 figures/);
  const allowed = await runIn(
    place,
    'compare',
    ...base,
    'slow1.json',
    'slow2.json',
    'slow3.json',
    '--threshold',
    'perf_latency_p99=+50%',
  );
  t.is(allowed.code, 0, allowed.stdout);
});

test('compare refuses what is not comparable, and says what differs', async (t) => {
  await using place = createWorkplace();
  writeRuns(place);
  const refused = await refusalOf('compare', place.path('base1.json'), place.path('other.json'));
  t.is(refused.code, 64);
  t.regex(refused.message, /Cannot compare: expected runs of the same, got other model: m and other$/);
  const allowed = await runIn(place, 'compare', 'base1.json', 'other.json', '--allow-differences');
  t.is(allowed.code, 0, allowed.stderr);
  t.regex(allowed.stdout, /differs: model: m and other/);
  for (const [args, message] of [
    [['base1.json'], /Cannot compare \S+base1.json: expected a second run, got none/],
    [['base1.json', 'again1.json', '--threshold', 'p99=5'], /Cannot use --threshold: expected METRIC=\+N%/],
    [['base1.json', 'again1.json', '--threshold', 'perf_throughput=+5%'], /expected perf_throughput=-N%/],
    [['base1.json', 'again1.json', '--same-within', '0'], /Cannot use --same-within/],
  ] as const) {
    const refusal = await refusalOf('compare', ...args.map((arg) => (arg.endsWith('.json') ? place.path(arg) : arg)));
    t.is(refusal.code, 64);
    t.regex(refusal.message, message);
  }
});
