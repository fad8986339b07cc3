import test from 'ava';
import { noGrowth, periodicGrowth } from '../../../analyzer/load/growth.js';

test('periodicGrowth grows when each of those added last was answered often enough', (t) => {
  const growth = periodicGrowth({ start: 2, end: 6, step: 2, requestPeriod: 3 });
  const answer = (...slots: readonly number[]): number => {
    for (const slot of slots) growth.onAnswer(slot);
    return growth.target;
  };
  t.is(growth.target, 2);
  t.is(answer(0, 0, 0, 0, 0, 1, 1), 2);
  t.is(answer(1), 4);
  t.is(answer(0, 0, 0, 1, 1, 1), 4); // those were there before
  t.is(answer(2, 3, 2, 3, 2), 4);
  t.false(growth.isDone);
  t.is(answer(3), 6);
  t.true(growth.isDone);
  t.is(answer(4, 4, 4, 5, 5, 5), 6);
});

test('periodicGrowth of a start at the end has nothing to grow', (t) => {
  t.true(periodicGrowth({ start: 4, end: 4, step: 1, requestPeriod: 1 }).isDone);
});

test('noGrowth is there at once', (t) => {
  t.like(noGrowth(8), { target: 8, isDone: true });
});
