import test from 'ava';
import { formatCsv } from '../../reports/csv.js';
import { formatText } from '../../reports/text.js';
import type { Level, LevelPart, Run } from '../../src/core/run.js';
import { levelFixture, runFixture, serverSplitFixture } from '../helpers/run-fixture.js';

/** What one of several had: a level by itself. */
function partFixture(name: string, options: Parameters<typeof levelFixture>[0]): LevelPart {
  const { summary, requests, verdict, failures } = levelFixture(options);
  return { name, summary, requests, verdict, failures };
}

const failure = { code: 'http 503', count: 2, firstMessage: 'queue\n is full' } as const;
const light = partFixture('light', { latenciesMs: [1, 2, 3], server: serverSplitFixture });
const heavy = partFixture('heavy', { latenciesMs: [30], failures: [failure] });
const silent = partFixture('there:2', { latenciesMs: [] });
const answering = partFixture('here:1', { latenciesMs: [1, 2, 3, 30] });

const level: Level = {
  ...levelFixture({ concurrency: 2, latenciesMs: [1, 2, 3, 30], failures: [failure] }),
  models: [light, heavy],
  servers: [answering, silent],
  verdict: {
    kind: 'invalid',
    findings: heavy.verdict.findings.map((finding) => ({ ...finding, about: { kind: 'model', name: 'heavy' } })),
  },
};

const { settings, model, server } = runFixture([]);
const run: Run = runFixture([level], {
  settings: {
    ...settings,
    modelName: 'light,heavy',
    models: [
      { name: 'light', weight: 2 },
      { name: 'heavy', weight: 1 },
    ],
  },
  models: [
    { ...model, name: 'light' },
    { ...model, name: 'heavy', version: '7' },
  ],
  servers: [server, { ...server, url: 'there:2' }],
});

test('formatText of several models and servers shows each, with its failures and findings', (t) => {
  t.snapshot(formatText(run));
});

test('formatCsv of several names models and servers behind all other columns', (t) => {
  const rows = formatCsv(run, { isVerbose: false })
    .trimEnd()
    .split('\n')
    .map((row) => row.split(','));
  t.deepEqual(
    rows.map((row) => [row[0], row[1], ...row.slice(-2)]),
    [
      ['Concurrency', 'Inferences/Second', 'Model', 'Server'],
      ['2', '4', '', ''],
      ['2', '3', 'light', ''],
      ['2', '1', 'heavy', ''],
      ['2', '4', '', 'here:1'], // the other one has no valid answer, and so no row
    ],
  );
  const [titles] = rows;
  t.deepEqual(
    titles?.slice(0, -2),
    formatCsv(runFixture([levelFixture({ latenciesMs: [1] })]), { isVerbose: false })
      .split('\n')[0]
      ?.split(','),
  );
});
