import test from 'ava';
import { StreamTable } from '../../../../analyzer/wire/http2/stream-table.js';
import { ns } from '../../../../src/core/units.js';

const take = (streams: StreamTable, token: number): number => streams.take(0, token, ns(0), 0);

test('StreamTable finds streams by their ids, which are odd and rise', (t) => {
  const streams = new StreamTable(4);
  const slots = [10, 11, 12].map((token) => take(streams, token));
  t.deepEqual(
    slots.map((slot) => streams.ids[slot]),
    [1, 3, 5],
  );
  t.deepEqual(
    [1, 3, 5].map((id) => streams.tokens[streams.slotOf(id)]),
    [10, 11, 12],
  );
  t.is(streams.slotOf(7), -1);
  t.true(streams.isIdle(7));
  t.false(streams.isIdle(5));
});

test('StreamTable goes around streams that stay open', (t) => {
  const streams = new StreamTable(4);
  const slow = take(streams, -1);
  for (let token = 0; token < 1000; token++) {
    const slot = take(streams, token);
    t.not(slot, slow);
    const id = streams.ids[slot] ?? 0;
    t.is(streams.slotOf(id), slot);
    streams.release(slot);
    t.is(streams.slotOf(id), -1);
  }
  t.is(streams.slotOf(1), slow);
  t.is(streams.open, 1);
  t.deepEqual(streams.openSlots(), [slow]);
});

test('StreamTable says when the ids run out, before they do', (t) => {
  const streams = new StreamTable(1, 0x7fffffff - 100);
  let taken = 0;
  for (; !streams.isExhausted; taken++) {
    const slot = take(streams, taken);
    t.true((streams.ids[slot] ?? 0) > 0);
    streams.release(slot);
  }
  t.true(taken > 20);
});
