import test from 'ava';
import { formatSearchHtml } from '../../reports/html/search-page.js';
import { formatSearch } from '../../reports/search.js';
import { trialRows } from '../../reports/search-rows.js';
import { schemaErrors } from '../helpers/run-schema.js';
import { searchFixture } from '../helpers/search-fixture.js';

test('trialRows says of each measurement whether it keeps the limits, as far as that is known', (t) => {
  t.deepEqual(schemaErrors(searchFixture(), 'search'), []);
  t.deepEqual(
    trialRows(searchFixture()).map(({ number, isKept }) => [number, isKept]),
    [
      [1, true],
      [2, false],
      [3, true],
      [4, false],
      [5, undefined],
      [6, true],
      [7, false],
    ],
  );
  const unknown = searchFixture({ limits: [{ metric: 'perf_latency_p50', max: 1 }] });
  t.true(trialRows(unknown).every(({ isKept }) => isKept === undefined));
});

test('formatSearchHtml of a search that found nothing says so, and escapes what comes from a server', (t) => {
  const failed = searchFixture().trials.filter(({ ok }) => !ok);
  const page = formatSearchHtml(searchFixture({ trials: failed, finalists: [], pareto: [], sensitivity: [] }));
  t.true(page.includes('Nothing could be measured'));
  t.false(page.includes('<svg'));
  t.false(page.includes('<b>'));
  t.is(page.split('<script').length - 1, 1);
});

for (const [low, high, words] of [
  [0.01, 0.3, 'Better'],
  [-0.1, 0.3, 'Not surely better'],
  [-0.3, -0.01, 'Worse'],
] as const) {
  test(`formatSearch says "${words}" of a gain between ${low} and ${high}`, (t) => {
    const [best, second] = searchFixture().finalists;
    if (best === undefined || second === undefined) throw new Error('expected two finalists');
    const finalists = [best, { ...second, isCurrent: true }];
    const text = formatSearch(searchFixture({ finalists, gain: { mean: (low + high) / 2, low, high } }));
    t.regex(text, new RegExp(`^${words} in perf_throughput than the current configuration`, 'm'));
  });
}
