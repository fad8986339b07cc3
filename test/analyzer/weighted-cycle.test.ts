import test from 'ava';
import { weightedCycle } from '../../analyzer/weighted-cycle.js';

const countsOf = (cycle: readonly number[]) => [0, 1, 2].map((which) => cycle.filter((each) => each === which).length);

test('weightedCycle meets simple weights exactly and spreads them', (t) => {
  t.deepEqual(weightedCycle([1], 8), [0, 0, 0, 0, 0, 0, 0, 0]);
  t.deepEqual(countsOf(weightedCycle([0.7, 0.3], 8)), [14, 6, 0]);
  t.deepEqual(weightedCycle([2, 1], 2), [0, 1, 0, 0, 1, 0]);
  t.deepEqual(countsOf(weightedCycle([1, 1, 1], 8)), [8, 8, 8]);
});

test('weightedCycle keeps other weights to a thousandth, and forgets none', (t) => {
  const counts = countsOf(weightedCycle([Math.PI, Math.E, 1e-9], 8));
  const length = counts.reduce((sum, count) => sum + count, 0);
  t.true(length <= 1010);
  t.true(Math.abs((counts[0] ?? 0) / length - Math.PI / (Math.PI + Math.E)) < 2e-3);
  t.is(counts[2], 1);
});
