import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import test from 'ava';
import { createWorkplace } from '../helpers/cli.js';
import { refusalOf, runIn } from '../helpers/command-here.js';
import { startV2Stub, v2Answer } from '../helpers/v2-stub.js';

const flags = ['-f', 'o.csv', '--verbose-csv', '--html', 'o.html', '--markdown', 'o.md', '--junit', 'o.xml'];
const outputs = [...flags, '--openmetrics', 'o.txt', '--json', 'o.json', '--hgrm', 'o.hgrm'];

test('report makes every file again, byte for byte what the run wrote', async (t) => {
  await using stub = await startV2Stub((response) => response.end(v2Answer));
  await using place = createWorkplace();
  const measure = ['-m', 'm', '-u', stub.url, '--concurrency-range', '1:2', '--request-count', '20'];
  const measured = await place.run(...measure, ...outputs);
  t.is(measured.code, 0, measured.stderr);
  const files = readdirSync(place.folder).filter((name) => name.includes('o.'));
  t.deepEqual(files.sort(), [
    'concurrency-1.o.hgrm',
    'concurrency-2.o.hgrm',
    'o.csv',
    'o.html',
    'o.json',
    'o.md',
    'o.txt',
    'o.xml',
  ]);
  const textOf = (name: string) => readFileSync(place.path(name), 'utf8');
  const written = files.map(textOf);
  writeFileSync(place.path('run.json'), textOf('o.json'));
  for (const file of files) writeFileSync(place.path(file), 'old');

  const reported = await runIn(place, 'report', 'run.json', ...outputs);
  t.is(reported.code, 0, reported.stderr);
  t.is(reported.stdout, measured.stdout);
  t.deepEqual(files.map(textOf), written);
});

test('report refuses what is no run, and several runs in a format for one', async (t) => {
  await using place = createWorkplace();
  writeFileSync(place.path('text.json'), 'no');
  writeFileSync(place.path('other.json'), '{"format":"perf-analyze/run"}');
  writeFileSync(place.path('plan.json'), '{"format":"perf-analyze/plan"}');
  const refusals = [
    [
      ['report', place.path('absent.json')],
      /Cannot read \S+absent.json: expected a run, a search or variants as --json writes it, got ENOENT/,
    ],
    [['report', place.path('text.json')], /Cannot read \S+text.json: expected a run, a search or variants/],
    [
      ['report', place.path('other.json')],
      /Cannot read \S+other.json: .* one where the document must have required property/,
    ],
    [
      ['report', place.path('plan.json')],
      /Cannot read \S+plan.json: expected a run, a search or variants as --json writes it, got 'perf-analyze\/plan'/,
    ],
    [['report', 'a.json', 'b.json', '-f', 'o.csv'], /Cannot write -f o.csv: expected one run, got 2/],
    [['report', 'a.json', '--html', 'x', '--html', 'y'], /Cannot use --html more than once/],
    [['report', 'a.json', '--html', 'x', '--junit', 'x'], /Cannot use --html and --junit together/],
  ] as const;
  for (const [args, message] of refusals) {
    const refusal = await refusalOf(...args);
    t.is(refusal.code, 64);
    t.regex(refusal.message, message);
  }
});
