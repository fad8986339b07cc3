import test from 'ava';
import { Leases } from '../../src/server/leases.js';

test('Leases resolves when the last lease is given back, which counts once', async (t) => {
  const leases = new Leases();
  await leases.allReturned();
  const giveBack = leases.take();
  const giveBackOther = leases.take();
  let isFree = false;
  const free = leases.allReturned().then(() => {
    isFree = true;
  });
  giveBack();
  giveBack();
  await Promise.resolve();
  t.false(isFree);
  giveBackOther();
  await free;
  t.true(isFree);
});
