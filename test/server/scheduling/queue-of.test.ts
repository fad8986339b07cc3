import test from 'ava';
import { ns } from '../../../src/core/units.js';
import { queueOf } from '../../../src/server/scheduling/queue-of.js';
import { WaitingRequest } from '../../../src/server/scheduling/waiting-request.js';
import { headOf } from '../config/test-config.js';

/** A queue, and requests in it that are known by name: name, arrival, priority, own timeout. */
function setup(text: string) {
  const queue = queueOf(headOf(`dynamic_batching { ${text} }`).dynamic_batching);
  const names = new Map<WaitingRequest, string>();
  const push = (name: string, { at = 0, priority = 0, timeout = 0 } = {}) => {
    const valid = { inputs: [], batchSize: 1, shapeKey: '', priority, timeout: ns(timeout) };
    const end = { resolve: () => undefined, reject: () => undefined };
    const request = new WaitingRequest(valid, { enqueuedAt: ns(at), end, signal: undefined });
    names.set(request, name);
    return queue.push(request);
  };
  const namesOf = (requests: readonly WaitingRequest[]) => requests.map((request) => names.get(request)).join('');
  const order = () => {
    let text = '';
    for (let index = 0; index < queue.length; index++) text += names.get(queue.at(index) as WaitingRequest);
    return text;
  };
  const requestOf = (name: string) => [...names].find(([, each]) => each === name)?.[0] as WaitingRequest;
  return { queue, push, namesOf, order, requestOf };
}

const timeout = (rest = '') => `default_queue_policy { default_timeout_microseconds: 1 ${rest} }`;
const levels = (rest = '') => `priority_levels: 3 default_priority_level: 2 ${rest}`;

test('queueOf gives the plain queue to who has neither levels nor limits', (t) => {
  const plain = 'RequestQueue';
  t.is(queueOf(undefined).constructor.name, plain);
  t.is(setup('').queue.constructor.name, plain);
  t.is(setup('default_queue_policy { allow_timeout_override: true }').queue.constructor.name, plain);
  t.is(setup('').queue.nextDeadline, ns(Number.POSITIVE_INFINITY));
});

test('a queue with max_queue_size has room for that many that wait', (t) => {
  const { queue, push } = setup('default_queue_policy { max_queue_size: 2 }');
  t.deepEqual([push('a'), push('b'), push('c')], [true, true, false]);
  queue.take(1);
  t.deepEqual([push('d'), push('e')], [true, false]);
});

for (const [title, policy, own, expected] of [
  ['the default', '', 0, 1000],
  ['the default, since override is not allowed', '', 400, 1000],
  ['a shorter own', 'allow_timeout_override: true', 400, 400],
  ['the default, since its own is longer', 'allow_timeout_override: true', 1400, 1000],
] as const) {
  test(`a request may wait for ${title}`, (t) => {
    const { queue, push } = setup(timeout(policy));
    push('a', { at: 50, timeout: own });
    t.is(queue.nextDeadline, ns(50 + expected));
    t.is(queue.expire(ns(50 + expected - 1)).length, 0);
    t.is(queue.expire(ns(50 + expected)).length, 1);
    t.is(queue.nextDeadline, ns(Number.POSITIVE_INFINITY));
  });
}

test('an own timeout has no effect without a default one', (t) => {
  const { queue, push } = setup('default_queue_policy { allow_timeout_override: true max_queue_size: 9 }');
  push('a', { timeout: 1 });
  t.is(queue.nextDeadline, ns(Number.POSITIVE_INFINITY));
  t.is(queue.expire(ns(1e15)).length, 0);
});

test('REJECT takes out exactly the expired ones, in the order of arrival', (t) => {
  const { queue, push, namesOf, order } = setup(timeout('allow_timeout_override: true'));
  push('a', { at: 0 });
  push('b', { at: 1, timeout: 300 });
  push('c', { at: 2, timeout: 200 });
  push('d', { at: 600 });
  t.is(queue.nextDeadline, ns(202));
  t.is(namesOf(queue.expire(ns(301))), 'bc');
  t.is(order(), 'ad');
  t.is(queue.nextDeadline, ns(1000));
});

test('DELAY puts expired ones behind all others, where they stay and count', (t) => {
  const { queue, push, namesOf, order, requestOf } = setup(timeout('timeout_action: DELAY max_queue_size: 4'));
  push('a', { at: 0 });
  push('b', { at: 1 });
  push('c', { at: 900 });
  t.is(queue.expire(ns(1001)).length, 0);
  t.is(order(), 'cab');
  t.is(queue.nextDeadline, ns(1900));
  push('d', { at: 1001 });
  t.false(push('e', { at: 1001 }));
  t.is(order(), 'cdab');
  t.is(namesOf(queue.remove(requestOf('b'))), 'b');
  t.is(namesOf(queue.take(3)), 'cda');
  t.is(queue.nextDeadline, ns(Number.POSITIVE_INFINITY));
});

test('level 1 comes first, and within a level who came first', (t) => {
  const { queue, push, namesOf, order, requestOf } = setup(levels());
  for (const [name, priority] of [
    ['a', 3],
    ['b', 2],
    ['c', 1],
    ['d', 3],
    ['e', 1],
  ] as const) {
    push(name, { priority });
  }
  t.is(order(), 'cebad');
  t.is(queue.at(5), undefined);
  t.is(namesOf(queue.remove(requestOf('b'))), 'b');
  t.is(namesOf(queue.remove(requestOf('b'))), '');
  t.is(namesOf(queue.take(3)), 'cea');
  t.is(order(), 'd');
});

test('priority 0 and one that does not exist are the default level', (t) => {
  const { push, order } = setup(levels());
  push('l', { priority: 3 });
  push('a', { priority: 0 });
  push('b', { priority: 4 });
  push('c', { priority: 2 });
  push('h', { priority: 1 });
  t.is(order(), 'habcl');
});

test('each level has a policy of its own or the default one', (t) => {
  const own = 'priority_queue_policy { key: 1 value { max_queue_size: 1 } }';
  const { queue, push, namesOf, order } = setup(levels(`${own} ${timeout('timeout_action: DELAY')}`));
  t.deepEqual([push('a', { priority: 1 }), push('b', { priority: 1 })], [true, false]);
  push('c', { priority: 2 });
  push('d', { priority: 2, at: 500 });
  push('e', { priority: 3 });
  t.is(queue.nextDeadline, ns(1000));
  t.is(namesOf(queue.expire(ns(1000))), '');
  t.is(order(), 'adce');
});
