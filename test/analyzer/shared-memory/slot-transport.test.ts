import test from 'ava';
import { slotTransport } from '../../../analyzer/shared-memory/slot-transport.js';
import type { OpenOptions } from '../../../analyzer/wire/transport.js';
import { systemClock } from '../../../src/core/clock.js';
import type { Failure } from '../../../src/core/failure.js';
import { ns } from '../../../src/core/units.js';
import { until } from '../../helpers/cli.js';

const abandoned: Failure = { code: 'abandoned', message: 'closed' };
const closed: Failure = { code: 'connect', message: 'closed' };

function setUp(slots: number, requestTimeoutMs?: number) {
  const sent: number[] = [];
  const replies: [token: number, code: string | undefined][] = [];
  const bodies: number[] = [];
  let below: OpenOptions | undefined;
  const inFlight = new Set<number>();
  const { open, slotOf } = slotTransport(
    (options) => {
      below = options;
      return {
        send: (request, slot) => {
          sent.push(request);
          inFlight.add(slot);
        },
        [Symbol.asyncDispose]: async () => {
          for (const slot of inFlight) below?.onReply(slot, abandoned, ns(1), ns(1));
          inFlight.clear();
        },
      };
    },
    { slots, requestTimeoutMs, clock: systemClock },
  );
  const openLevel = (marks?: OpenOptions['marks']) =>
    open({
      concurrency: slots,
      marks,
      onReply: (token, failure) => replies.push([token, failure?.code]),
      onBody: (token) => bodies.push(token),
    });
  return {
    openLevel,
    sent,
    replies,
    bodies,
    slotOf,
    marks: () => below?.marks,
    /** What the server does. */
    answer: (slot: number | undefined, failure?: Failure) => {
      if (below?.keepsBody?.(slot ?? 0, 4)) below.onBody?.(slot ?? 0, Buffer.alloc(4), undefined);
      inFlight.delete(slot ?? 0);
      below?.onReply(slot ?? 0, failure, ns(1), ns(1));
    },
  };
}

test('slotTransport gives each request in flight a slot of its own, and uses them again', (t) => {
  const { openLevel, sent, slotOf, answer, replies, bodies } = setUp(3);
  const transport = openLevel();
  for (const request of [0, 1, 2]) transport.send(request, 10 + request);
  const slots = [10, 11, 12].map(slotOf);
  t.deepEqual([...slots].sort(), [0, 1, 2]);
  t.deepEqual(
    sent,
    slots.map((slot, request) => request * 3 + (slot ?? 0)),
  );
  answer(slots[1]);
  t.is(slotOf(11), undefined);
  t.deepEqual([replies, bodies], [[[11, undefined]], [11]]);
  transport.send(5, 13);
  t.is(slotOf(13), slots[1]);
});

test('slotTransport refuses a request for which no slot is free', async (t) => {
  const { openLevel, replies } = setUp(1);
  const transport = openLevel();
  transport.send(0, 0);
  transport.send(0, 1);
  t.deepEqual(replies, []); // never from inside send
  await until(() => replies.length > 0);
  t.deepEqual(replies, [[1, 'connect']]);
});

for (const [name, failure] of [
  ['it is answered late', undefined],
  ['it is refused late', { code: 'http 503', message: 'busy' }],
  ['its connection ends', closed],
] as const) {
  test(`slotTransport a request that takes too long keeps its slot until ${name}`, async (t) => {
    const { openLevel, slotOf, answer, replies, bodies } = setUp(2, 5);
    const transport = openLevel();
    transport.send(0, 7);
    const late = slotOf(7);
    await until(() => replies.length > 0);
    t.deepEqual(replies, [[7, 'timeout']]);
    t.is(slotOf(7), undefined);
    transport.send(0, 7);
    const other = slotOf(7);
    t.not(other, late);
    answer(late, failure); // is told to nobody
    t.deepEqual([replies.length, bodies], [1, []]);
    answer(other);
    t.deepEqual([replies.at(-1), bodies], [[7, undefined], [7]]);
    for (const token of [1, 2]) transport.send(0, token);
    t.deepEqual([1, 2].map(slotOf).sort(), [0, 1]);
  });
}

test('slotTransport a level waits at its end for late answers, and the next one has their slots', async (t) => {
  const { openLevel, slotOf, answer, replies } = setUp(1, 5);
  const first = openLevel();
  first.send(0, 0);
  await until(() => replies.length > 0);
  const ended = first[Symbol.asyncDispose]();
  answer(0);
  await ended;
  openLevel().send(0, 3);
  t.is(slotOf(3), 0);
});

test('slotTransport never uses the slot of a request again that was cut off', async (t) => {
  const { openLevel, slotOf, replies } = setUp(2);
  const first = openLevel();
  first.send(0, 0);
  const cut = slotOf(0);
  await first[Symbol.asyncDispose]();
  t.deepEqual(replies, [[0, 'abandoned']]);
  const second = openLevel();
  second.send(0, 1);
  second.send(0, 2);
  t.not(slotOf(1), cut);
  await until(() => replies.length > 1);
  t.deepEqual(replies.at(-1), [2, 'connect']);
});

test('slotTransport tells the marks of a late request as they were, though its token has the next one', async (t) => {
  const { openLevel, slotOf, replies, marks } = setUp(2, 5);
  let id = 4;
  const transport = openLevel({ idOf: (token) => 100 * id + token, isStart: () => id === 4, isEnd: () => id === 5 });
  transport.send(0, 7);
  const late = slotOf(7) ?? -1;
  await until(() => replies.length > 0);
  id = 5;
  transport.send(0, 7);
  const marksOf = (slot: number) => [marks()?.idOf(slot), marks()?.isStart(slot), marks()?.isEnd(slot)];
  t.deepEqual(marksOf(late), [407, true, false]);
  t.deepEqual(marksOf(slotOf(7) ?? -1), [507, false, true]);
});
