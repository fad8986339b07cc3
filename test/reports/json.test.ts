import test from 'ava';
import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { formatJson } from '../../reports/json.js';
import type { Run } from '../../src/core/run.js';
import { levelFixture, runFixture, serverSplitFixture } from '../helpers/run-fixture.js';
import { schemaErrors } from '../helpers/run-schema.js';

const levels = [
  levelFixture({ concurrency: 1, latenciesMs: [10, 11, 12], server: serverSplitFixture }),
  levelFixture({
    concurrency: 2,
    latenciesMs: [],
    stability: { stable: false, reason: 'no-valid-requests' },
    failures: [{ code: 'http 503', count: 4, firstMessage: 'queue full' }],
  }),
];

test('formatJson follows the published schema', (t) => {
  t.deepEqual(schemaErrors(JSON.parse(formatJson(runFixture(levels)))), []);
});

test('formatJson keeps the histogram of every window', (t) => {
  const run = JSON.parse(formatJson(runFixture(levels))) as Run;
  const histogram = decodeFromCompressedBase64(run.levels[0]?.windows[0]?.histogram ?? '');
  t.is(histogram.totalCount, 3);
  t.true(Math.abs(histogram.getValueAtPercentile(50) / 11e6 - 1) < 0.001);
});

for (const [criterion, break_] of [
  ['an unknown member', (run: Record<string, unknown>) => ({ ...run, extra: 1 })],
  ['a missing member', ({ levels: _, ...run }: Record<string, unknown>) => run],
  ['another version', (run: Record<string, unknown>) => ({ ...run, formatVersion: 2 })],
] as const) {
  test(`run schema refuses ${criterion}`, (t) => {
    t.not(schemaErrors(break_(JSON.parse(formatJson(runFixture(levels))))).length, 0);
  });
}
