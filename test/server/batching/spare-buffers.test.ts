import test from 'ava';
import { SpareBuffers } from '../../../src/server/batching/spare-buffers.js';

test('SpareBuffers gives back what was left, unless it is too small or far too large', (t) => {
  const spare = new SpareBuffers();
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

test('SpareBuffers keeps several small buffers, and one large one', (t) => {
  for (const [byteLength, kept] of [
    [100, 2],
    [800_000, 1],
  ] as const) {
    const spare = new SpareBuffers();
    const left = [spare.take(byteLength), spare.take(byteLength)];
    for (const buffer of left) spare.giveBack(buffer);
    const again = [spare.take(byteLength), spare.take(byteLength)];
    t.is(again.filter((buffer) => left.some((each) => each === buffer)).length, kept);
  }
});
