import test from 'ava';
import { correlationIds } from '../../../analyzer/load/correlation-ids.js';
import { type RunningSequences, runSequences } from '../../../analyzer/load/run-sequences.js';
import { planSequences } from '../../../analyzer/load/sequence-plan.js';
import { sequenceSource } from '../../../analyzer/load/sequence-source.js';
import type { Failure } from '../../../src/core/failure.js';
import { seededRandom } from '../../../src/core/random.js';

interface Setup {
  readonly lanes?: number;
  readonly tokens?: number;
  readonly isSerial?: boolean;
  readonly length?: number;
  readonly streams?: readonly number[];
  readonly idCount?: number;
  readonly isOwnLane?: boolean;
  readonly firstOf?: (lane: number) => number;
}

const setUp = ({
  lanes = 1,
  tokens = lanes,
  isSerial = true,
  length = 3,
  streams = [2],
  idCount = 100,
  ...rest
}: Setup = {}) =>
  runSequences({
    ...rest,
    plan: planSequences({ length, lengthVariationPercent: 0 }, streams, seededRandom(1)),
    ids: correlationIds(1, idCount),
    tokens,
    lanes,
    isSerial,
  });

/** What the next request of a token says: id, request, and `S`, `E` for its flags. */
function send(order: RunningSequences, token = 0): string | undefined {
  const request = order.next(token);
  return request === undefined ? undefined : said(order, token, request);
}
function said({ marks }: RunningSequences, token: number, request: number): string {
  return `${marks.idOf(token)}:${request}${marks.isStart(token) ? 'S' : ''}${marks.isEnd(token) ? 'E' : ''}`;
}
const failed = (code: Failure['code']): Failure => ({ code, message: 'no' });

/** Each request is answered before the next. */
function inTurn(order: RunningSequences, failures: readonly (Failure | undefined)[]): (string | undefined)[] {
  return failures.map((failure) => {
    const text = send(order);
    order.settle(0, failure);
    return text;
  });
}
const fine = undefined;

test('runSequences walks a stream from its first step, between one start and one end', (t) => {
  const order = setUp();
  t.deepEqual(inTurn(order, [fine, fine, fine, fine, fine]), ['1:0S', '1:1', '1:0E', '2:0S', '2:1']);
  t.deepEqual(order.counts, { begun: 2, completed: 1, failed: 0 });
});

test('runSequences of length 1 has both flags in one request', (t) => {
  t.deepEqual(inTurn(setUp({ length: 1 }), [fine, fine]), ['1:0SE', '2:0SE']);
});

test('runSequences ends a sequence with the request behind the one that failed', (t) => {
  const order = setUp({ length: 9 });
  t.deepEqual(inTurn(order, [fine, failed('http 503'), fine, fine]), ['1:0S', '1:1', '1:0E', '2:0S']);
  t.deepEqual(order.counts, { begun: 2, completed: 0, failed: 1 });
});

test('runSequences does not end what the server refused to begin, but what it may have begun', (t) => {
  const order = setUp({ length: 9 });
  const failures = [failed('grpc 14'), failed('connect'), failed('timeout'), fine, fine];
  t.deepEqual(inTurn(order, failures), ['1:0S', '2:0S', '3:0S', '3:1E', '4:0S']);
  t.deepEqual(order.counts, { begun: 4, completed: 0, failed: 3 });
});

test('runSequences sends nothing behind an end that failed', (t) => {
  const order = setUp({ length: 2 });
  t.deepEqual(inTurn(order, [fine, failed('http 500'), fine]), ['1:0S', '1:1E', '2:0S']);
  t.is(order.counts.failed, 1);
});

test('runSequences goes on after a wrong answer, which is an answer', (t) => {
  const order = setUp();
  t.deepEqual(inTurn(order, [failed('validation'), fine, fine]), ['1:0S', '1:1', '1:0E']);
  t.is(order.counts.completed, 1);
});

test('runSequences takes its lanes in turn, and a serial one only after its answer', (t) => {
  const order = setUp({ lanes: 2, tokens: 4 });
  t.deepEqual([send(order, 0), send(order, 1), send(order, 2)], ['1:0S', '2:0S', undefined]);
  order.settle(1, undefined);
  t.deepEqual([send(order, 2), send(order, 3)], ['2:1', undefined]);
  order.settle(0, undefined);
  t.is(send(order, 3), '1:1');
});

test('runSequences that are not serial do not wait', (t) => {
  const order = setUp({ lanes: 2, tokens: 8, isSerial: false });
  const sent = Array.from({ length: 7 }, (_, token) => send(order, token));
  t.deepEqual(sent, ['1:0S', '2:0S', '1:1', '2:1', '1:0E', '2:0E', '3:0S']);
  for (const token of [2, 4, 1, 3, 5]) order.settle(token, undefined);
  t.deepEqual(order.counts, { begun: 3, completed: 1, failed: 0 });
  order.settle(0, undefined);
  t.is(order.counts.completed, 2);
});

test('runSequences waits for an id when all are in use, and does not use one again before its last answer', (t) => {
  const order = setUp({ lanes: 2, tokens: 8, isSerial: false, length: 1, idCount: 3 });
  t.deepEqual([send(order, 0), send(order, 1), send(order, 2), send(order, 3)], ['1:0SE', '2:0SE', '3:0SE', undefined]);
  order.settle(1, undefined);
  t.deepEqual([send(order, 3), send(order, 4)], ['2:0SE', undefined]);
});

test('runSequences ends what has begun, once, and nothing that is still in flight', (t) => {
  const order = setUp({ lanes: 4, tokens: 4 });
  for (const token of [0, 1, 2]) t.truthy(send(order, token));
  order.settle(0, undefined);
  order.settle(2, failed('http 500')); // refused to begin: nothing to end
  const ended = [order.end(0), order.end(2)];
  t.deepEqual(ended, [1, undefined]);
  t.is(said(order, 0, 1), '1:1E');
});

test('sequenceSource begins each load with the same lengths and streams, and other ids', (t) => {
  const settings = { concurrent: 2, length: 5, lengthVariationPercent: 60, firstId: 1, idCount: 1000, isSerial: false };
  const begin = (seed: number) => sequenceSource({ settings, streams: [1], seed });
  const walk = (order: RunningSequences) => inTurn(order, Array.from({ length: 100 }));
  const source = begin(3);
  const [first, second] = [walk(source.begin('closed', 1)), walk(source.begin('closed', 1))];
  const flags = (texts: readonly (string | undefined)[]) => texts.map((text) => text?.replace(/^\d+/, ''));
  const idsOf = (texts: readonly (string | undefined)[]) => new Set(texts.map((text) => Number(text?.split(':')[0])));
  t.deepEqual(flags(first), flags(second));
  t.is(new Set([...idsOf(first), ...idsOf(second)]).size, idsOf(first).size + idsOf(second).size);
  t.notDeepEqual(flags(walk(begin(4).begin('closed', 1))), flags(first));
});

test('runSequences with lanes of their own: a token that waits leaves the others their sequences and servers', (t) => {
  const order = setUp({ lanes: 2, isOwnLane: true, firstOf: (lane) => 100 * lane });
  t.deepEqual([send(order, 0), send(order, 1)], ['1:0S', '2:100S']);
  order.settle(0, failed('connect'));
  order.settle(1, undefined); // token 0 waits meanwhile
  t.is(send(order, 1), '2:101');
  t.is(send(order, 0), '3:0S');
  t.deepEqual([order.drop(), order.drop(), order.drop()], [0, 100, 0]);
});
