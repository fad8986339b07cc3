import test from 'ava';
import { slotTransport } from '../../../analyzer/shared-memory/slot-transport.js';
import type { OnReply } from '../../../analyzer/wire/transport.js';
import { ns } from '../../../src/core/units.js';

function setUp(slots: number) {
  const sent: number[] = [];
  let reply: OnReply = () => undefined;
  let slotOf: (token: number) => number | undefined = () => undefined;
  const open = slotTransport(
    ({ onReply }) => {
      reply = onReply;
      return { send: (request) => sent.push(request), [Symbol.asyncDispose]: async () => undefined };
    },
    slots,
    (lookUp) => {
      slotOf = lookUp;
    },
  );
  const transport = open({ concurrency: slots, onReply: () => undefined });
  return {
    transport,
    sent,
    slotOf: (token: number) => slotOf(token),
    answer: (token: number) => reply(token, undefined, ns(1), ns(1)),
  };
}

test('slotTransport gives each request in flight a slot of its own, and uses them again', (t) => {
  const { transport, sent, slotOf, answer } = setUp(3);
  for (const request of [0, 1, 2]) transport.send(request, 10 + request);
  const slots = [10, 11, 12].map(slotOf);
  t.deepEqual([...slots].sort(), [0, 1, 2]);
  t.deepEqual(
    sent,
    slots.map((slot, request) => request * 3 + (slot ?? 0)),
  );
  answer(11);
  t.is(slotOf(11), undefined);
  transport.send(5, 13);
  t.is(slotOf(13), slots[1]);
});

test('slotTransport refuses more requests than there are slots', (t) => {
  const { transport } = setUp(1);
  transport.send(0, 0);
  t.throws(() => transport.send(0, 1), { instanceOf: RangeError });
});
