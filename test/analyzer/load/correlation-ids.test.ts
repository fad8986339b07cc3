import test from 'ava';
import { correlationIds } from '../../../analyzer/load/correlation-ids.js';

test('correlationIds counts up from the first, and from there again behind the last', (t) => {
  const ids = correlationIds(7, 3);
  const taken = Array.from({ length: 7 }, () => {
    const id = ids.take();
    if (id !== undefined) ids.release(id);
    return id;
  });
  t.deepEqual(taken, [7, 8, 9, 7, 8, 9, 7]);
});

test('correlationIds leaves out what is in use, and has nothing when everything is', (t) => {
  const ids = correlationIds(1, 3);
  t.deepEqual([ids.take(), ids.take(), ids.take(), ids.take()], [1, 2, 3, undefined]);
  ids.release(2);
  t.is(ids.take(), 2);
  ids.release(1);
  ids.release(3);
  t.deepEqual([ids.take(), ids.take(), ids.take()], [3, 1, undefined]);
  ids.releaseAll();
  t.is(ids.take(), 2);
});

test('correlationIds goes up to the largest whole number', (t) => {
  const ids = correlationIds(Number.MAX_SAFE_INTEGER - 1, 2);
  t.deepEqual([ids.take(), ids.take(), ids.take()], [Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER, undefined]);
});
