import test from 'ava';
import { ns } from '../../../src/core/units.js';
import { type Batchable, formDynamicBatch, formSingle } from '../../../src/server/scheduling/form-batch.js';

/** A queue of requests with these batch sizes that arrived together at time 0; '4b' is of another shape than '4'. */
const queueOf = (sizes: string): Batchable[] =>
  sizes
    .split(' ')
    .filter((size) => size !== '')
    .map((size) => ({ batchSize: Number.parseInt(size, 10), shapeKey: size.replace(/\d/g, ''), enqueuedAt: ns(0) }));

/** The counts of requests that successive batches take at one moment, and how many are left waiting. */
function batchesOf(options: { queue: string; preferred: number[]; max?: number; delay?: number; age?: number }) {
  const { preferred, max = Math.max(...preferred), delay = 0, age = 0 } = options;
  const form = formDynamicBatch({ maxBatchSize: max, preferredBatchSizes: preferred, maxQueueDelay: ns(delay) });
  const queue = queueOf(options.queue);
  const batches: number[] = [];
  for (;;) {
    const decision = form(queue, ns(age));
    if (decision.kind !== 'send') return { batches, waiting: queue.length };
    batches.push(decision.count);
    queue.splice(0, decision.count);
  }
}

const singles = (count: number): string => '1 '.repeat(count).trim();

for (const [title, options, expected] of [
  ['(a) sends a lone request at once', { queue: '1', preferred: [8] }, { batches: [1], waiting: 0 }],
  ['(a) sends all that is queued', { queue: singles(5), preferred: [8] }, { batches: [5], waiting: 0 }],
  ['(a) sends up to the maximum', { queue: singles(19), preferred: [8] }, { batches: [8, 8, 3], waiting: 0 }],
  ['(b) cuts 7 singles at 6', { queue: singles(7), preferred: [4, 6], max: 8 }, { batches: [6, 1], waiting: 0 }],
  ['(b) cuts 5 singles at 4', { queue: singles(5), preferred: [4, 6], max: 8 }, { batches: [4, 1], waiting: 0 }],
  ['(b) sends 3 singles as they are', { queue: singles(3), preferred: [4, 6], max: 8 }, { batches: [3], waiting: 0 }],
  [
    '(b2) sends one beyond the largest preferred alone',
    { queue: '7 1', preferred: [4, 6], max: 8 },
    { batches: [1, 1], waiting: 0 },
  ],
  [
    '(b2) sends it at once despite the delay',
    { queue: '7', preferred: [4, 6], max: 8, delay: 100 },
    { batches: [1], waiting: 0 },
  ],
  [
    '(c) sends a preferred size at once',
    { queue: singles(4), preferred: [4], max: 8, delay: 100, age: 1 },
    { batches: [4], waiting: 0 },
  ],
  [
    '(c) holds less than a preferred size',
    { queue: singles(3), preferred: [4], max: 8, delay: 100, age: 99 },
    { batches: [], waiting: 3 },
  ],
  [
    '(c) sends any size after the delay',
    { queue: singles(3), preferred: [4], max: 8, delay: 100, age: 100 },
    { batches: [3], waiting: 0 },
  ],
  [
    '(c) goes up to the maximum after the delay',
    { queue: singles(7), preferred: [4], max: 8, delay: 100, age: 100 },
    { batches: [7], waiting: 0 },
  ],
  [
    '(c) holds the rest after a preferred cut',
    { queue: singles(5), preferred: [4], max: 8, delay: 100, age: 1 },
    { batches: [4], waiting: 1 },
  ],
  ['never splits a request', { queue: '3 4 4', preferred: [8] }, { batches: [2, 1], waiting: 0 }],
  [
    'cuts before what overshoots the largest preferred size',
    { queue: '3 4', preferred: [6], max: 8 },
    { batches: [1, 1], waiting: 0 },
  ],
  ['cuts where the shape changes', { queue: '1 1 1b 1', preferred: [8] }, { batches: [2, 1, 1], waiting: 0 }],
  [
    'does not hold what an incompatible request follows',
    { queue: '1 1b', preferred: [8], delay: 100 },
    { batches: [1], waiting: 1 },
  ],
  ['does nothing with an empty queue', { queue: '', preferred: [8] }, { batches: [], waiting: 0 }],
] as const) {
  test(`formDynamicBatch ${title}`, (t) => {
    t.deepEqual(batchesOf({ ...options, preferred: [...options.preferred] }), {
      ...expected,
      batches: [...expected.batches],
    });
  });
}

for (const [title, arrivals] of [
  ['first', [7, 20]],
  ['behind one of a higher priority', [20, 7]],
] as const) {
  test(`formDynamicBatch waits until the oldest request, which is ${title}, has been held for the delay`, (t) => {
    const form = formDynamicBatch({ maxBatchSize: 8, preferredBatchSizes: [8], maxQueueDelay: ns(100) });
    const queue = arrivals.map((at): Batchable => ({ batchSize: 1, shapeKey: '', enqueuedAt: ns(at) }));
    t.deepEqual(form(queue, ns(20)), { kind: 'wait', until: ns(107) });
    t.deepEqual(form(queue, ns(107)), { kind: 'send', count: 2, isFull: false });
  });
}

test('formSingle sends one request whatever its batch size', (t) => {
  t.deepEqual(formSingle(queueOf('8 8'), ns(0)), { kind: 'send', count: 1, isFull: true });
  t.deepEqual(formSingle([], ns(0)), { kind: 'empty' });
});

for (const [queue, isFull] of [
  ['4 3', false],
  ['4 4', true],
  ['4 4 1', true],
  ['5 4', true],
] as const) {
  test(`formDynamicBatch says that what it takes of '${queue}' is ${isFull ? '' : 'not '}full`, (t) => {
    const form = formDynamicBatch({ maxBatchSize: 8, preferredBatchSizes: [8], maxQueueDelay: ns(0) });
    const decision = form(queueOf(queue), ns(0));
    t.is(decision.kind === 'send' && decision.isFull, isFull);
  });
}
