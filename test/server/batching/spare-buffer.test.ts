import test from 'ava';
import { SpareBuffer } from '../../../src/server/batching/spare-buffer.js';

test('SpareBuffer gives back what was left, unless it is too small or far too large', (t) => {
  const spare = new SpareBuffer();
  const first = spare.take(100_000);
  t.true(first.byteLength >= 100_000);
  t.not(spare.take(100_000), first, 'one at a time');
  spare.giveBack(first);
  t.is(spare.take(50_000), first);
  spare.giveBack(first);
  t.not(spare.take(200_000), first);
  spare.giveBack(first);
  t.not(spare.take(10_000), first);
});
