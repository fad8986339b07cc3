import test from 'ava';
import { concurrencyLevels, levelCount } from '../../../analyzer/load/concurrency-range.js';

const cases: readonly (readonly [{ start: number; end: number; step: number }, readonly number[]])[] = [
  [{ start: 1, end: 4, step: 1 }, [1, 2, 3, 4]],
  [{ start: 2, end: 9, step: 3 }, [2, 5, 8]],
  [{ start: 8, end: 8, step: 1 }, [8]],
];
for (const [range, levels] of cases) {
  test(`concurrencyLevels ${range.start}:${range.end}:${range.step}`, (t) => {
    t.deepEqual([...concurrencyLevels(range)], levels);
    t.is(levelCount(range), levels.length);
  });
}

test('concurrencyLevels without an end goes on', (t) => {
  const levels: number[] = [];
  for (const level of concurrencyLevels({ start: 4, end: 0, step: 4 })) {
    if (levels.push(level) === 100) break;
  }
  t.is(levels.at(-1), 400);
  t.is(levelCount({ start: 4, end: 0, step: 4 }), undefined);
});
