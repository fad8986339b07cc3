import test from 'ava';
import type { Share } from '../../../analyzer/load/share.js';
import { mixRequests } from '../../../analyzer/targets/mix-requests.js';
import { type Targets, targetList, targetTable } from '../../../analyzer/targets/targets.js';

const targetsOf = (weights: readonly number[], servers = 1, requestCount = 2): Targets => ({
  models: weights.map((weight, index) => ({ name: 'abc'[index] ?? '', weight, requestCount })),
  urls: Array.from({ length: servers }, (_, index) => `server ${index}`),
});

/** Which model each of the first requests is for, and on which server, such as `a0`. */
function sentBy(targets: Targets, loop: 'closed' | 'open', slots: readonly number[], share?: Share): string[] {
  const table = targetTable(targets);
  const list = targetList(targets);
  const next = mixRequests(targets, loop)(share);
  return slots.map((slot) => {
    const { model, server } = list[table[next(slot)] ?? -1] ?? { model: -1, server: -1 };
    return `${targets.models[model]?.name}${server}`;
  });
}

const slotsInTurn = (count: number, slots: number): number[] =>
  Array.from({ length: count }, (_, index) => index % slots);

test('mixRequests shares requests by the weights, as evenly as can be', (t) => {
  t.is(sentBy(targetsOf([3, 1]), 'closed', slotsInTurn(8, 1)).join(' '), 'a0 a0 b0 a0 a0 a0 b0 a0');
});

for (const loop of ['closed', 'open'] as const) {
  test(`mixRequests is never more than one request off, at any time, ${loop} loop`, (t) => {
    const weights = [5, 2, 1];
    const sent = sentBy(targetsOf(weights), loop, slotsInTurn(800, 7));
    const counts = [0, 0, 0];
    for (const [index, name] of sent.entries()) {
      const model = 'abc'.indexOf(name[0] ?? '');
      counts[model] = (counts[model] ?? 0) + 1;
      for (const [each, weight] of weights.entries()) {
        t.true(Math.abs((counts[each] ?? 0) - ((index + 1) * weight) / 8) <= 1, `${each} after ${index + 1}`);
      }
    }
    t.deepEqual(counts, [500, 200, 100]);
  });
}

test('mixRequests of an open loop goes to the servers in turn, and each server keeps the weights', (t) => {
  const sent = sentBy(targetsOf([3, 1], 2), 'open', slotsInTurn(16, 1));
  t.deepEqual(
    sent.map((name) => name[1]),
    Array.from({ length: 16 }, (_, index) => String(index % 2)),
  );
  for (const server of [0, 1]) t.is(sent.filter((name) => name === `b${server}`).length, 2);
});

test('mixRequests of a closed loop binds each slot to a server, whatever the others do', (t) => {
  const sent = sentBy(targetsOf([1], 2), 'closed', [0, 1, 2, 0, 2, 2, 1]);
  t.is(sent.join(' '), 'a0 a1 a0 a0 a0 a0 a1');
});

test('mixRequests: servers do not turn to the same model at once', (t) => {
  t.is(sentBy(targetsOf([1, 1], 2), 'open', slotsInTurn(4, 1)).join(' '), 'a0 b1 b0 a1');
});

test('mixRequests sends the prepared requests of a model in turn, whichever server they go to', (t) => {
  const next = mixRequests(targetsOf([1], 2, 3), 'open')();
  const perServer = 3;
  t.deepEqual(
    Array.from({ length: 7 }, () => next(0) % perServer),
    [0, 1, 2, 0, 1, 2, 0],
  );
});

test('mixRequests starts anew for each load', (t) => {
  const order = mixRequests(targetsOf([3, 2, 1], 2), 'open');
  const first = order();
  const numbers = Array.from({ length: 5 }, () => first(0));
  const second = order();
  t.deepEqual(
    Array.from({ length: 5 }, () => second(0)),
    numbers,
  );
});

test('mixRequests of an open loop: the shares send what the whole would, in turn', (t) => {
  const targets = targetsOf([3, 1], 3);
  const shares = [0, 1].map((index) => sentBy(targets, 'open', slotsInTurn(30, 1), { index, of: 2 }));
  t.deepEqual(
    Array.from({ length: 60 }, (_, turn) => shares[turn % 2]?.[turn >> 1]),
    sentBy(targets, 'open', slotsInTurn(60, 1)),
  );
});

test('mixRequests of a closed loop: each share keeps the weights, and all slots together are dealt out evenly', (t) => {
  const targets = targetsOf([1, 1], 3);
  for (const index of [0, 1]) {
    const sent = sentBy(targets, 'closed', slotsInTurn(60, 3), { index, of: 2 });
    for (const server of [0, 1, 2]) {
      const own = sent.filter((name) => name.endsWith(String(server)));
      t.deepEqual([own.length, own.filter((name) => name.startsWith('a')).length], [20, 10]);
    }
  }
  const first = [0, 1].map((index) => sentBy(targetsOf([1], 2), 'closed', [0, 1], { index, of: 2 }));
  t.deepEqual(first, [
    ['a0', 'a0'],
    ['a1', 'a1'],
  ]);
});
