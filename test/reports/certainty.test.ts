import test from 'ava';
import { formatCsv } from '../../reports/csv.js';
import { formatText } from '../../reports/text.js';
import type { Certainty } from '../../src/core/certainty.js';
import { levelFixture, runFixture } from '../helpers/run-fixture.js';
import { schemaErrors } from '../helpers/run-schema.js';

const certainty: Certainty = {
  confidence: 0.95,
  alpha: 0.01,
  effectiveRequests: 61.5,
  throughput: { low: 99, high: 101 },
  meanMs: { low: 10, high: 12 },
  percentiles: {
    '50': { isSupported: true, intervalMs: { low: 10.5, high: 11.25 } },
    '90': { isSupported: true, intervalMs: { low: 11.5, high: 12 } },
    '95': { isSupported: true },
    '99': { isSupported: false, needsRequests: 512 },
    '99.9': { isSupported: false, needsRequests: 5120 },
  },
  steadiness: {
    verdict: 'not-steady',
    about: 'latency',
    reason: 'drift',
    latencyDriftPercent: { low: 15.2, high: 30.1 },
  },
  warmUpMs: 500,
};

const level = { ...levelFixture({ concurrency: 1, latenciesMs: [10, 11, 12] }), certainty };
const run = runFixture([level]);

test('formatText shows intervals, and blanks with what they need, never a number', (t) => {
  const text = formatText(run);
  t.regex(text, /^concurrency +infer\/s +mean +p50 +p95 +p99 +steady$/m);
  t.regex(text, /^ +1 +± 1\.0 % +± 9\.1 % +10\.50-11\.25 +– +needs 512 +no$/m);
  const latencies = text.split('\n').find((line) => /^ +1 +3\.00/.test(line)) ?? '';
  t.regex(latencies, /12\.00 +– +12\.00/); // p95, no p99, max
  t.regex(text, /concurrency 1: not steady: latency drifted by 15 to 30 % while it was measured\./);
  const table = text.slice(text.indexOf('Intervals at')).split('\n\n')[0] ?? '';
  t.true(table.split('\n').every((line) => line.length <= 80));
});

test('formatText closes without a percentile that is not supported', (t) => {
  const { settings } = run;
  const judged = runFixture([level], {
    settings: { ...settings, measurement: { ...settings.measurement, percentile: 99 } },
  });
  t.regex(formatText(judged), /Concurrency: 1, throughput: 3 infer\/sec, latency needs 512 requests/);
});

test('formatText says what is not precise, and how a level was measured', (t) => {
  const measurement = {
    ...run.settings.measurement,
    mode: 'adaptive',
    adaptive: { precisionPercent: 5, minMs: 2000, maxMs: 15_000 },
  } as const;
  const steady: Certainty = { ...certainty, steadiness: { verdict: 'steady' } };
  const vague = { ...level, certainty: steady, stability: { stable: false, reason: 'not-precise' } } as const;
  const text = formatText(runFixture([vague], { settings: { ...run.settings, measurement } }));
  t.regex(text, /measured: 2 to 15 s a level, until throughput and mean latency are known to within 5 %/);
  t.regex(text, /not precise: throughput is known to within 1\.0 %, mean latency to within 9\.1 % after 1\.0 s/);
});

test('formatCsv leaves such a percentile empty, and has the bounds at the very end when it is verbose', (t) => {
  const [header = '', row = ''] = formatCsv(run, { isVerbose: false }).split('\n');
  t.true(header.endsWith('p50 latency,p90 latency,p95 latency,p99 latency'));
  t.true(row.endsWith(',12000,12000,'), row);
  const [titles = '', cells = ''] = formatCsv(run, { isVerbose: true }).split('\n');
  const value = (title: string): string | undefined => cells.split(',')[titles.split(',').indexOf(title)];
  t.deepEqual(
    ['Inferences/Second low', 'Avg latency high', 'p50 latency low', 'p99 latency high', 'Steady'].map(value),
    ['99', '12000', '10500', '', 'not-steady'],
  );
});

test('a run with certainty fits the schema', (t) => {
  t.deepEqual(schemaErrors(run), []);
});
