import { join } from 'node:path';
import test from 'ava';
import { composingCsvPath } from '../../src/cli/composing-csv-path.js';

for (const [csv, name, version, expected] of [
  ['perf.csv', 'add', '1', 'add_v1.perf.csv'],
  [join('out', 'perf.csv'), 'add', '2', join('out', 'add_v2.perf.csv')],
  [join('/', 'tmp', 'p'), 'a/../b c', '1', join('/', 'tmp', 'a%2F..%2Fb%20c_v1.p')],
  ['perf.csv', '..', '1', '%2E._v1.perf.csv'],
  ['perf.csv', 'a%b', '1', 'a%25b_v1.perf.csv'],
  ['perf.csv', 'zoë\\', '1', 'zo%C3%AB%5C_v1.perf.csv'],
] as const) {
  test(`composingCsvPath puts ${name} beside ${csv}`, (t) => {
    t.is(composingCsvPath(csv, { name, version }), expected);
  });
}
