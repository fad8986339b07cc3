import test from 'ava';
import { deriveSeed, seededRandom, seededUint32 } from '../../src/core/random.js';

test('seededUint32 gives the same integers on every machine', (t) => {
  const next = seededUint32(1);
  t.deepEqual(
    Array.from({ length: 4 }, () => next()),
    [1930539107, 2003999907, 2883482671, 4206869851],
  );
});

test('seededRandom is uniform in [0, 1) by chi-squared over 100 cells', (t) => {
  const random = seededRandom(42);
  const cells = new Array<number>(100).fill(0);
  const size = 100_000;
  for (let index = 0; index < size; index++) {
    const cell = Math.floor(random() * 100);
    cells[cell] = (cells[cell] ?? 0) + 1;
  }
  const expected = size / 100;
  const chiSquared = cells.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  t.true(chiSquared > 61 && chiSquared < 149, `chi-squared ${chiSquared}`); // 0.1 % and 99.9 % quantiles at 99 degrees
});

test('deriveSeed gives each random thing a stream of its own', (t) => {
  t.not(deriveSeed(1, 'a'), deriveSeed(1, 'b'));
  t.not(deriveSeed(1, 'a'), deriveSeed(2, 'a'));
  t.is(deriveSeed(1, 'a'), deriveSeed(1, 'a'));
});
