import test from 'ava';
import { createRing } from '../../../analyzer/load/ring.js';

test('createRing gives back in order, around its end', (t) => {
  const ring = createRing(3);
  t.is(ring.shift(), undefined);
  t.is(ring.peek(), undefined);
  const taken: (number | undefined)[] = [];
  let pushed = 0;
  for (let round = 0; round < 5; round++) {
    while (ring.length < 3) ring.push(pushed++);
    t.is(ring.peek(), taken.length);
    taken.push(ring.shift(), ring.shift());
  }
  t.deepEqual(taken, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});
