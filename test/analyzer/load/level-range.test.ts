import test from 'ava';
import { levelCount, levelsOf, loadAt } from '../../../analyzer/load/level-range.js';

const cases: readonly (readonly [{ start: number; end: number; step: number }, readonly number[]])[] = [
  [{ start: 1, end: 4, step: 1 }, [1, 2, 3, 4]],
  [{ start: 2, end: 9, step: 3 }, [2, 5, 8]],
  [{ start: 8, end: 8, step: 1 }, [8]],
  [{ start: 0.1, end: 0.3, step: 0.1 }, [0.1, 0.2, 0.3]],
  [{ start: 100, end: 250, step: 62.5 }, [100, 162.5, 225]],
];
for (const [range, levels] of cases) {
  test(`levelsOf ${range.start}:${range.end}:${range.step}`, (t) => {
    t.deepEqual([...levelsOf(range)], levels);
    t.is(levelCount({ kind: 'concurrency', range, search: 'linear' }), levels.length);
  });
}

test('levelsOf without an end goes on', (t) => {
  const levels: number[] = [];
  for (const level of levelsOf({ start: 4, end: 0, step: 4 })) {
    if (levels.push(level) === 100) break;
  }
  t.is(levels.at(-1), 400);
  t.is(levelCount({ kind: 'concurrency', range: { start: 4, end: 0, step: 4 }, search: 'linear' }), undefined);
});

test('levelCount of a binary search is not known before', (t) => {
  t.is(levelCount({ kind: 'concurrency', range: { start: 1, end: 8, step: 1 }, search: 'binary' }), undefined);
});

test('loadAt gives the level to what all levels share', (t) => {
  const range = { start: 1, end: 2, step: 1 };
  t.deepEqual(loadAt({ kind: 'concurrency', range, search: 'linear' }, 2), { kind: 'concurrency', concurrency: 2 });
  const openLoop = {
    kind: 'request-rate',
    arrivals: { kind: 'gamma', shape: 0.5 },
    shape: { kind: 'constant' },
    maxInFlight: 8,
  } as const;
  t.deepEqual(loadAt({ ...openLoop, range, search: 'binary' }, 1.5), { ...openLoop, requestsPerSecond: 1.5 });
});
