import test from 'ava';
import { ns } from '../../../src/core/units.js';
import type { TensorPlan } from '../../../src/server/config/tensor-plan.js';
import { RefusalError } from '../../../src/server/refusal.js';
import { type FormBatch, formDynamicBatch, formSingle } from '../../../src/server/scheduling/form-batch.js';
import { queueOf } from '../../../src/server/scheduling/queue-of.js';
import { Scheduler } from '../../../src/server/scheduling/scheduler.js';
import { WaitingRequest } from '../../../src/server/scheduling/waiting-request.js';
import { VersionStatistics } from '../../../src/server/statistics/version-statistics.js';
import { headOf } from '../config/test-config.js';
import { settled, stagedClock } from '../staged-clock.js';
import { stagedInstance } from '../staged-instance.js';

const plan: TensorPlan = {
  modelName: 'm',
  maxBatchSize: 8,
  inputs: [],
  outputs: [],
  inputIndex: new Map(),
  outputIndex: new Map(),
  hasVariableInput: false,
};

const dynamic = (delay = 0): FormBatch =>
  formDynamicBatch({ maxBatchSize: 8, preferredBatchSizes: [8], maxQueueDelay: ns(delay) });

interface SetupOptions {
  readonly formBatch?: FormBatch;
  readonly instances?: number;
  readonly takesAhead?: boolean;
  readonly preserveOrdering?: boolean;
  /** The members of `dynamic_batching` that make the queue. */
  readonly queue?: string;
}

interface RequestOptions {
  readonly batchSize?: number;
  readonly signal?: AbortSignal;
  readonly priority?: number;
  readonly timeout?: number;
}

function setup(options: SetupOptions = {}) {
  const { formBatch = formSingle, instances: count = 1, preserveOrdering = false, takesAhead = false } = options;
  const queue = queueOf(headOf(`dynamic_batching { ${options.queue ?? ''} }`).dynamic_batching);
  const clock = stagedClock();
  const statistics = new VersionStatistics();
  const instances = Array.from({ length: count }, (_, index) => stagedInstance(`m_${index}`, { takesAhead }));
  const deaths: string[] = [];
  const onDead = (reason: string) => deaths.push(reason);
  const scheduler = new Scheduler({ plan, instances, formBatch, queue, clock, statistics, preserveOrdering, onDead });
  /** How each request ended, in that order. */
  const ends: string[] = [];
  const enqueue = (label: string, { batchSize = 1, signal, priority = 0, timeout = 0 }: RequestOptions = {}) => {
    const end = {
      resolve: () => ends.push(label),
      reject: (refusal: RefusalError) => ends.push(`${label}: ${refusal.reason}`),
    };
    const valid = { inputs: [], batchSize, shapeKey: '', priority, timeout: ns(timeout) };
    scheduler.enqueue(new WaitingRequest(valid, { enqueuedAt: clock.now(), end, signal }));
  };
  const [first = stagedInstance('none'), second = first] = instances;
  return { clock, statistics, instances, first, second, scheduler, enqueue, ends, deaths };
}

test('Scheduler runs requests alone and in order on the free instances', async (t) => {
  const { enqueue, instances, scheduler, first, second, ends } = setup({ instances: 2 });
  for (const label of ['a', 'b', 'c']) enqueue(label);
  t.deepEqual(
    instances.map((instance) => instance.running),
    [1, 1],
  );
  t.is(scheduler.pendingCount, 1);
  await second.finish();
  await second.finish();
  await first.finish();
  t.deepEqual(ends, ['a', 'c', 'b']);
});

test('Scheduler batches what queued up behind a busy instance', async (t) => {
  const { enqueue, first, statistics } = setup({ formBatch: dynamic() });
  for (let index = 0; index < 6; index++) enqueue(String(index));
  t.is(first.running, 1);
  await first.finish();
  t.is(first.running, 5);
  await first.finish();
  const { batch_stats } = statistics.snapshot({ name: 'm', version: '1' });
  t.deepEqual(
    batch_stats.map((each) => [each.batch_size, each.compute_infer.count]),
    [
      [1, 1],
      [5, 1],
    ],
  );
});

test('Scheduler sends a partial batch when its delay is over and not before', async (t) => {
  const { enqueue, first, clock } = setup({ formBatch: dynamic(100) });
  enqueue('a');
  await clock.advanceTo(60);
  enqueue('b');
  t.is(first.running, 0);
  await clock.advanceTo(99);
  t.is(first.running, 0);
  await clock.advanceTo(100);
  t.is(first.running, 2);
});

test('Scheduler measures the delay of a later batch from its own oldest request', async (t) => {
  const { enqueue, first, clock } = setup({ formBatch: dynamic(100) });
  enqueue('a', { batchSize: 8 });
  t.is(first.running, 1);
  await clock.advanceTo(50);
  enqueue('b');
  await first.finish();
  await clock.advanceTo(100);
  t.is(first.running, 0);
  await clock.advanceTo(150);
  t.is(first.running, 1);
});

test('Scheduler sends a full batch before the delay is over', (t) => {
  const { enqueue, first } = setup({ formBatch: dynamic(100) });
  for (let index = 0; index < 8; index++) enqueue(String(index));
  t.is(first.running, 8);
});

test('Scheduler drops a cancelled request while it waits, and only then', async (t) => {
  const { enqueue, first, ends, scheduler, statistics } = setup();
  const running = new AbortController();
  const waiting = new AbortController();
  enqueue('running', { signal: running.signal });
  enqueue('waiting', { signal: waiting.signal });
  running.abort();
  waiting.abort();
  enqueue('late', { signal: AbortSignal.abort() });
  t.deepEqual(ends, ['waiting: cancelled', 'late: cancelled']);
  t.is(scheduler.pendingCount, 0);
  t.is(statistics.failures().CANCELED, 2);
  await first.finish();
  t.deepEqual(ends, ['waiting: cancelled', 'late: cancelled', 'running']);
});

for (const [preserveOrdering, expected] of [
  [true, ['a', 'b']],
  [false, ['b', 'a']],
] as const) {
  test(`Scheduler answers in order of ${preserveOrdering ? 'arrival' : 'completion'} with preserve_ordering ${preserveOrdering}`, async (t) => {
    const { enqueue, first, second, ends } = setup({ instances: 2, preserveOrdering });
    enqueue('a');
    enqueue('b');
    await first.finish(); // idle instances are a stack: the second took 'a'
    await second.finish();
    t.deepEqual(ends, expected);
  });
}

test('Scheduler fails every request of a failed batch and goes on', async (t) => {
  const { enqueue, first, ends, statistics } = setup({ formBatch: dynamic() });
  for (const label of ['a', 'b', 'c']) enqueue(label);
  await first.finish();
  await first.fail(new RefusalError('internal', 'boom'));
  enqueue('d');
  await first.finish();
  t.deepEqual(ends, ['a', 'b: internal', 'c: internal', 'd']);
  const { inference_stats, execution_count } = statistics.snapshot({ name: 'm', version: '1' });
  t.deepEqual([inference_stats.success.count, inference_stats.fail.count, execution_count], [2, 2, 2]);
  t.is(statistics.failures().BACKEND, 2);
});

test('Scheduler waits for an instance that recovers', async (t) => {
  const { enqueue, first } = setup();
  let recover: () => void = () => undefined;
  enqueue('a');
  first.recovery = new Promise((resolve) => {
    recover = resolve;
  });
  await first.fail(new RefusalError('internal', 'gone'));
  enqueue('b');
  t.is(first.running, 0);
  first.recovery = undefined;
  recover();
  await settled();
  t.is(first.running, 1);
});

test('Scheduler refuses everything when its last instance is lost', async (t) => {
  const { enqueue, first, ends, deaths, statistics } = setup();
  enqueue('a');
  enqueue('b');
  first.recovery = Promise.reject(new Error('no memory'));
  await first.fail(new RefusalError('internal', 'gone'));
  enqueue('c');
  t.deepEqual(ends, ['a: internal', 'b: unavailable', 'c: unavailable']);
  t.deepEqual(deaths, ['no memory']);
  t.deepEqual(statistics.failures(), { REJECTED: 0, CANCELED: 0, BACKEND: 1, OTHER: 2 });
});

test('Scheduler drained resolves with the last answer', async (t) => {
  const { enqueue, first, scheduler, ends } = setup();
  enqueue('a');
  enqueue('b');
  const drained = scheduler.drained();
  await first.finish();
  await first.finish();
  await drained;
  t.deepEqual(ends, ['a', 'b']);
});

test('Scheduler refuses what exceeds the queue at once; what runs does not count', async (t) => {
  const { enqueue, first, ends, statistics } = setup({ queue: 'default_queue_policy { max_queue_size: 1 }' });
  for (const label of ['a', 'b', 'c']) enqueue(label);
  t.deepEqual(ends, ['c: unavailable']);
  await first.finish();
  await first.finish();
  t.deepEqual(ends, ['c: unavailable', 'a', 'b']);
  t.is(statistics.snapshot({ name: 'm', version: '1' }).inference_stats.fail.count, 0);
  t.is(statistics.failures().REJECTED, 1);
});

test('Scheduler refuses what exceeds the queue without waiting for its turn', (t) => {
  const { enqueue, ends } = setup({ queue: 'default_queue_policy { max_queue_size: 1 }', preserveOrdering: true });
  for (const label of ['a', 'b', 'c']) enqueue(label);
  t.deepEqual(ends, ['c: unavailable']);
});

test('Scheduler refuses an expired request while all instances are busy', async (t) => {
  const { enqueue, first, ends, clock, scheduler, statistics } = setup({
    queue: 'default_queue_policy { default_timeout_microseconds: 1 allow_timeout_override: true }',
  });
  enqueue('runs');
  enqueue('long');
  await clock.advanceTo(100);
  enqueue('short', { timeout: 300 });
  await clock.advanceTo(399);
  t.deepEqual(ends, []);
  await clock.advanceTo(400);
  t.deepEqual(ends, ['short: unavailable']);
  await clock.advanceTo(1000);
  t.deepEqual(ends, ['short: unavailable', 'long: unavailable']);
  t.is(scheduler.pendingCount, 0);
  await first.finish();
  t.deepEqual(ends, ['short: unavailable', 'long: unavailable', 'runs']);
  t.deepEqual(statistics.snapshot({ name: 'm', version: '1' }).inference_stats.fail, { count: 2, ns: 1300 });
  t.is(statistics.failures().REJECTED, 2);
});

test('Scheduler does not let a request expire that runs', async (t) => {
  const { enqueue, first, ends, clock } = setup({ queue: 'default_queue_policy { default_timeout_microseconds: 1 }' });
  enqueue('a');
  await clock.advanceTo(5000);
  await first.finish();
  t.deepEqual(ends, ['a']);
});

test('Scheduler lets a held request expire before the delay is over', async (t) => {
  const queue = 'default_queue_policy { default_timeout_microseconds: 1 }';
  const { enqueue, ends, clock } = setup({ queue, formBatch: dynamic(2000) });
  enqueue('a');
  await clock.advanceTo(1000);
  t.deepEqual(ends, ['a: unavailable']);
});

test('Scheduler serves delayed requests after the others', async (t) => {
  const policy = 'default_timeout_microseconds: 1 timeout_action: DELAY';
  const { enqueue, first, ends, clock } = setup({ queue: `default_queue_policy { ${policy} }` });
  enqueue('runs');
  enqueue('late');
  await clock.advanceTo(1000);
  enqueue('fresh');
  for (let runs = 0; runs < 3; runs++) await first.finish();
  t.deepEqual(ends, ['runs', 'fresh', 'late']);
});

test('Scheduler runs high priorities first, several levels in one batch', async (t) => {
  const formBatch = formDynamicBatch({ maxBatchSize: 2, preferredBatchSizes: [2], maxQueueDelay: ns(0) });
  const { enqueue, first, ends } = setup({ queue: 'priority_levels: 2 default_priority_level: 2', formBatch });
  enqueue('runs');
  enqueue('low', { priority: 2 });
  enqueue('default');
  enqueue('high', { priority: 1 });
  for (let runs = 0; runs < 3; runs++) await first.finish();
  t.deepEqual(ends, ['runs', 'high', 'low', 'default']);
});

test('Scheduler holds a batch no longer than its oldest request may be, whatever its priority', async (t) => {
  const { enqueue, first, clock } = setup({
    queue: 'priority_levels: 2 default_priority_level: 2',
    formBatch: dynamic(100),
  });
  enqueue('low');
  await clock.advanceTo(60);
  enqueue('high', { priority: 1 });
  await clock.advanceTo(99);
  t.is(first.running, 0);
  await clock.advanceTo(100);
  t.is(first.running, 2);
});

test('Scheduler hands batches ahead once it knows that the model is quick, and answers them in order', async (t) => {
  const { enqueue, first, ends, scheduler } = setup({ takesAhead: true });
  for (const label of ['a', 'b']) enqueue(label);
  t.is(first.handed, 1, 'nothing is known yet');
  await first.finish();
  for (const label of ['c', 'd']) enqueue(label);
  t.is(first.handed, 3);
  t.is(scheduler.pendingCount, 0);
  for (let runs = 0; runs < 3; runs++) await first.finish();
  t.deepEqual(ends, ['a', 'b', 'c', 'd']);
});

test('Scheduler hands a batch ahead to a slow model when what it runs is about to end', async (t) => {
  const { enqueue, first, clock } = setup({ takesAhead: true });
  enqueue('a');
  await clock.advanceTo(36e6);
  await first.finish(undefined, 36e6);
  for (const label of ['b', 'c', 'd']) enqueue(label);
  await clock.advanceTo(66e6);
  t.is(first.handed, 1, 'ends in 6 ms');
  await clock.advanceTo(67e6);
  t.is(first.handed, 2, 'ends in 5 ms');
  await clock.advanceTo(200e6);
  t.is(first.handed, 2, 'has the whole of another left');
});

test('Scheduler hands no batch ahead that could still grow', async (t) => {
  const { enqueue, first } = setup({ takesAhead: true, formBatch: dynamic() });
  enqueue('a');
  await first.finish();
  enqueue('b');
  enqueue('c', { batchSize: 4 });
  t.is(first.handed, 1);
  enqueue('d', { batchSize: 4 });
  t.is(first.handed, 2);
});

for (const queue of ['default_queue_policy { max_queue_size: 3 }', 'priority_levels: 2 default_priority_level: 2']) {
  test(`Scheduler hands nothing ahead of a queue with '${queue}'`, async (t) => {
    const { enqueue, first } = setup({ takesAhead: true, queue });
    enqueue('a');
    await first.finish();
    for (const label of ['b', 'c']) enqueue(label);
    t.is(first.handed, 1);
  });
}

test('Scheduler loses an instance once, with all that it was handed', async (t) => {
  const { enqueue, first, ends, deaths } = setup({ takesAhead: true });
  enqueue('a');
  await first.finish();
  for (const label of ['b', 'c']) enqueue(label);
  first.recovery = Promise.reject(new Error('no memory'));
  await first.fail(new RefusalError('internal', 'gone'));
  await first.fail(new RefusalError('internal', 'gone'));
  t.deepEqual(ends, ['a', 'b: internal', 'c: internal']);
  t.deepEqual(deaths, ['no memory']);
});
