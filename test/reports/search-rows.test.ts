import test from 'ava';
import { formatSearchHtml } from '../../reports/html/search-page.js';
import { paretoFront, rejectedOf, trialRows } from '../../reports/search-rows.js';
import { schemaErrors } from '../helpers/run-schema.js';
import { searchFixture } from '../helpers/search-fixture.js';

test('paretoFront holds what no other measurement beats in both throughput and p99', (t) => {
  t.deepEqual(schemaErrors(searchFixture(), 'search'), []);
  t.deepEqual(
    paretoFront(trialRows(searchFixture())).map(({ number }) => number),
    [1, 6, 7],
  );
});

test('rejectedOf says what speaks against each configuration that was not chosen', (t) => {
  t.deepEqual(
    rejectedOf(searchFixture()).map(({ configuration, reason }) => [configuration, reason]),
    [
      ['as it was', 'others did better at the first look'],
      ['instance_count 1, max_batch_size 8', 'measured again with the best: 3 % likely to be the best'],
      ['instance_count 4, max_batch_size 8', 'failed: <b>out of memory</b>'],
      ['instance_count 2, max_batch_size 32', 'never within perf_latency_p99 <= 10'],
    ],
  );
});

test('formatSearchHtml of a search that found nothing says so, and escapes what comes from a server', (t) => {
  const failed = searchFixture().trials.filter(({ ok }) => !ok);
  const page = formatSearchHtml(searchFixture({ trials: failed, finalists: [] }), undefined);
  t.true(page.includes('Nothing could be measured'));
  t.false(page.includes('<svg'));
  t.false(page.includes('<b>'));
  t.is(page.split('<script').length - 1, 1);
});
