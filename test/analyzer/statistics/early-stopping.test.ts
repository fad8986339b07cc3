import test from 'ava';
import {
  chanceOfSoMany,
  discardedQueries,
  neededTotal,
  provesWithin,
} from '../../../analyzer/statistics/early-stopping.js';

/** Smallest totals at 99 % with 0, 1, 2, 5 and 10 queries over the limit. */
const totals = [
  [0.9, [44, 64, 81, 127, 197]],
  [0.95, [90, 130, 165, 259, 398]],
  [0.99, [459, 662, 838, 1307, 2010]],
  [0.999, [4603, 6636, 8403, 13105, 20140]],
] as const;

for (const [percentile, expected] of totals) {
  test(`neededTotal of p${100 * percentile} at 99 %`, (t) => {
    const claim = { percentile, confidence: 0.99 };
    t.deepEqual(
      [0, 1, 2, 5, 10].map((over) => neededTotal(over, claim)),
      expected,
    );
    t.true(provesWithin(expected[1], 1, claim));
    t.false(provesWithin(expected[1] - 1, 1, claim));
  });
}

test('chanceOfSoMany is that of the other tail', (t) => {
  t.is(chanceOfSoMany(10, 0, 0.99), 1);
  t.true(Math.abs(chanceOfSoMany(10, 10, 0.5) - 0.5 ** 10) < 1e-12);
});

test('discardedQueries leaves out as many of the slowest as prove the percentile, one less', (t) => {
  const p90 = { percentile: 0.9, confidence: 0.99 };
  const p99 = { percentile: 0.99, confidence: 0.99 };
  t.deepEqual(
    [63, 64, 80, 81, 196, 197].map((total) => discardedQueries(total, p90)),
    [undefined, 0, 0, 1, 8, 9],
  );
  t.deepEqual(
    [661, 662, 838, 2010].map((total) => discardedQueries(total, p99)),
    [undefined, 0, 1, 9],
  );
  // Two results of LoadGen that were published: 1,179,125 and 2,091,550 queries.
  t.deepEqual(
    [1_179_125, 2_091_550].map((total) => discardedQueries(total, p99)),
    [11_539, 20_579],
  );
});
