import test from 'ava';
import { RefusalError } from '../../../../src/server/refusal.js';
import type { VersionStatistics } from '../../../../src/server/statistics/version-statistics.js';
import { settled } from '../../staged-clock.js';
import { stagedSequences as setup } from '../../staged-sequences.js';

const noStart = (letters: string): string =>
  `inference request for sequence ${letters.charCodeAt(0)} to model 'm' must specify the START flag on the first ` +
  'request of the sequence';

const batchSizes = (statistics: VersionStatistics) =>
  statistics
    .snapshot({ name: 'm', version: '1' })
    .batch_stats.map(({ batch_size, compute_infer }) => [batch_size, compute_infer.count]);

test('SequenceScheduler refuses requests that are no part of a sequence, and counts them nowhere', (t) => {
  const { enqueue, ends, statistics } = setup('direct { }');
  enqueue('a1');
  enqueue('-1', 'S');
  enqueue('a1', 'S', { batchSize: 2 });
  t.deepEqual(ends, [
    `a1: ${noStart('a')}`,
    "-1: inference request to model 'm' must specify a non-zero or non-empty correlation ID",
    "a1: inference request to model 'm' must specify batch-size 1 due to requirements of sequence batcher",
  ]);
  t.is(statistics.snapshot({ name: 'm', version: '1' }).inference_stats.fail.count, 0);
});

test('SequenceScheduler direct keeps each sequence in its row and fills the others with rows that are not ready', async (t) => {
  const { enqueue, rows, finish, ends, statistics } = setup('direct { }');
  enqueue('a1', 'S');
  enqueue('b10', 'S');
  enqueue('c100', 'S');
  t.deepEqual(rows(), ['a1+0 10']);
  await finish();
  t.deepEqual(rows(), ['none 0 0 00 0', 'b10+0 10', 'c100+0 10']);
  enqueue('c5', 'E');
  enqueue('a2');
  enqueue('a3');
  await finish();
  t.deepEqual(rows(), ['a2+1 00', 'none 0 0 00 0', 'c5+100 01']);
  await finish();
  t.deepEqual(rows(), ['a3+3 00']);
  await finish();
  t.deepEqual(ends, ['a1=1', 'b10=10', 'c100=100', 'a2=3', 'c5=105', 'a3=6']);
  t.deepEqual(batchSizes(statistics), [
    [1, 2],
    [2, 2],
  ]);
});

for (const [strategy, maxBatchSize] of [
  ['direct { }', 2 ** 31 - 1],
  ['oldest { max_candidate_sequences: 2147483647 }', 4],
] as const) {
  test(`SequenceScheduler takes no memory for slots that nobody has: ${strategy}`, async (t) => {
    const { enqueue, finish, ends } = setup(strategy, { maxBatchSize });
    enqueue('a1', 'SE');
    await finish();
    t.deepEqual(ends, ['a1=1']);
  });
}

for (const [title, rule, sent] of [
  ['three of four slots', 'minimum_slot_utilization: 0.75 max_queue_delay_microseconds: 100', 3],
  ['the delay ignored without a minimum', 'max_queue_delay_microseconds: 100', 1],
  ['the minimum ignored without a delay', 'minimum_slot_utilization: 0.75', 1],
] as const) {
  test(`SequenceScheduler direct sends at once: ${title}`, (t) => {
    const { enqueue, instances } = setup(`direct { ${rule} }`);
    for (const label of ['a1', 'b1', 'c1'].slice(0, sent - 1)) enqueue(label, 'S');
    t.is(instances[0]?.running, 0);
    enqueue('z1', 'S');
    t.is(instances[0]?.running, sent);
  });
}

test('SequenceScheduler direct compares the part of its slots in the precision of the configuration', (t) => {
  const rule = 'minimum_slot_utilization: 0.6 max_queue_delay_microseconds: 100';
  const { enqueue, instances } = setup(`direct { ${rule} }`, { maxBatchSize: 5 });
  for (const label of ['a1', 'b1', 'c1']) enqueue(label, 'S');
  t.is(instances[0]?.running, 3);
});

test('SequenceScheduler direct sends fewer when the oldest request has waited for the delay', async (t) => {
  const rule = 'minimum_slot_utilization: 1 max_queue_delay_microseconds: 100';
  const { enqueue, instances, advance } = setup(`direct { ${rule} }`);
  enqueue('a1', 'S');
  await advance(60);
  enqueue('b1', 'S');
  await advance(99);
  t.is(instances[0]?.running, 0);
  await advance(100);
  t.is(instances[0]?.running, 2);
});

test('SequenceScheduler direct leaves requests of other shapes for the next batch', async (t) => {
  const { enqueue, rows, finish } = setup('direct { }');
  enqueue('x0', 'SE');
  enqueue('a1', 'S', { shapeKey: '1' });
  enqueue('b2', 'S', { shapeKey: '2' });
  enqueue('c3', 'S', { shapeKey: '1' });
  await finish();
  t.deepEqual(rows(), ['a1+0 10', 'none 0 0 00 0', 'c3+0 10']);
  await finish();
  t.deepEqual(rows(), ['none 0 0 00 0', 'b2+0 10']);
});

test('SequenceScheduler oldest batches one request of each sequence, in the order of their turns', async (t) => {
  const { enqueue, rows, finish, ends } = setup('oldest { max_candidate_sequences: 8 preferred_batch_size: [ 2 ] }');
  enqueue('x0', 'SE');
  enqueue('a1', 'S');
  enqueue('a2');
  enqueue('b10', 'S');
  enqueue('c100', 'SE');
  await finish();
  t.deepEqual(rows(), ['a1+0 10', 'b10+0 10']);
  await finish();
  t.deepEqual(rows(), ['c100+0 11', 'a2+1 00']);
  await finish();
  t.deepEqual(ends, ['x0=0', 'a1=1', 'b10=10', 'c100=100', 'a2=3']);
});

test('SequenceScheduler oldest holds a partial batch for the delay', async (t) => {
  const rule = 'max_candidate_sequences: 8 max_queue_delay_microseconds: 100';
  const { enqueue, instances, advance } = setup(`oldest { ${rule} }`);
  enqueue('a1', 'S');
  await advance(99);
  t.is(instances[0]?.running, 0);
  await advance(100);
  t.is(instances[0]?.running, 1);
});

test('SequenceScheduler oldest with preserve_ordering answers in the order of arrival', async (t) => {
  const { enqueue, finish, ends } = setup('oldest { max_candidate_sequences: 4 preserve_ordering: true }');
  enqueue('a1', 'S');
  enqueue('b1', 'S');
  enqueue('b2');
  enqueue('c1', 'S');
  await finish();
  await finish();
  t.deepEqual(ends, ['a1=1', 'b1=1']);
  await finish();
  t.deepEqual(ends, ['a1=1', 'b1=1', 'b2=3', 'c1=1']);
});

test('SequenceScheduler spreads sequences over the instances and keeps them there', async (t) => {
  const { enqueue, rows, finish } = setup('direct { }', { instances: 2, maxBatchSize: 2 });
  enqueue('a1', 'S');
  enqueue('b2', 'S');
  t.deepEqual([rows(0), rows(1)], [['a1+0 10'], ['b2+0 10']]);
  await finish(1);
  await finish(0);
  enqueue('b3');
  t.deepEqual([rows(0), rows(1)], [[], ['b3+2 00']]);
});

test('SequenceScheduler lets whole sequences wait in the backlog until a slot is free', async (t) => {
  const { enqueue, rows, finish, scheduler, ends } = setup('oldest { max_candidate_sequences: 1 }');
  enqueue('a1', 'S');
  enqueue('b1', 'S');
  enqueue('c1', 'SE');
  enqueue('b2', 'E');
  t.is(scheduler.pendingCount, 3);
  await finish();
  t.deepEqual(rows(), [], 'sequence a has not ended');
  enqueue('a2', 'E');
  await finish();
  t.deepEqual(rows(), ['b1+0 10']);
  enqueue('b3');
  await finish();
  await finish();
  await finish();
  t.deepEqual(ends, ['a1=1', 'a2=3', `b3: ${noStart('b')}`, 'b1=1', 'b2=3', 'c1=1']);
  t.is(scheduler.pendingCount, 0);
});

test('SequenceScheduler takes a sequence that began in the backlog on in its slot', async (t) => {
  const { enqueue, rows, finish } = setup('oldest { max_candidate_sequences: 1 }');
  enqueue('a1', 'SE');
  enqueue('b1', 'S');
  await finish();
  t.deepEqual(rows(), ['b1+0 10']);
  enqueue('b2');
  await finish();
  t.deepEqual(rows(), ['b2+1 00']);
});

test('SequenceScheduler starts anew when a start comes for a sequence that has not ended', async (t) => {
  const { enqueue, rows, finish } = setup('direct { }');
  enqueue('a1', 'S');
  enqueue('a2');
  enqueue('a5', 'S');
  await finish();
  t.deepEqual(rows(), ['a2+1 00']);
  await finish();
  t.deepEqual(rows(), ['a5+0 10']);
});

test('SequenceScheduler ends a sequence that is idle for too long, and gives its slot away', async (t) => {
  const { enqueue, rows, finish, advance, ends } = setup('max_sequence_idle_microseconds: 100 direct { }', {
    maxBatchSize: 1,
  });
  enqueue('a1', 'S');
  await advance(500);
  t.deepEqual(rows(), ['a1+0 10'], 'a request that runs is not idle');
  await finish();
  await advance(550);
  enqueue('a2');
  await finish();
  enqueue('b1', 'S');
  await advance(649);
  t.deepEqual(rows(), []);
  await advance(650);
  t.deepEqual(rows(), ['b1+0 10']);
  enqueue('a3');
  t.deepEqual(ends, ['a1=1', 'a2=3', `a3: ${noStart('a')}`]);
});

test('SequenceScheduler gives up a sequence whose time in the backlog is over', async (t) => {
  const { enqueue, advance, ends, finish, statistics } = setup('direct { }', { maxBatchSize: 1 });
  enqueue('a1', 'S');
  enqueue('b1', 'S');
  enqueue('b2', '', { timeout: 100 });
  enqueue('c1', 'S');
  await advance(99);
  t.deepEqual(ends, []);
  await advance(100);
  const expired = 'timeout of the corresponding sequence has been expired';
  t.deepEqual(ends, [`b1: ${expired}`, `b2: ${expired}`]);
  enqueue('b3');
  enqueue('a2', 'E');
  await finish();
  await finish();
  await finish();
  t.deepEqual(ends.slice(2), [`b3: ${noStart('b')}`, 'a1=1', 'a2=3', 'c1=1']);
  t.deepEqual(statistics.failures(), { REJECTED: 2, CANCELED: 0, BACKEND: 0, OTHER: 0 });
});

test('SequenceScheduler gives up the steps behind one that its client gave up, and ends the sequence', async (t) => {
  const { enqueue, finish, ends, statistics } = setup('direct { }');
  const client = new AbortController();
  enqueue('a1', 'S');
  enqueue('a2');
  enqueue('a3', '', { signal: client.signal });
  enqueue('a4');
  enqueue('a7', 'S');
  enqueue('b1', 'S');
  enqueue('b2', '', { signal: client.signal });
  enqueue('b3');
  client.abort();
  enqueue('b4');
  for (let round = 0; round < 4; round++) await finish();
  const gone = 'request was cancelled';
  t.deepEqual(ends, [
    `a3: ${gone}`,
    `a4: ${gone}`,
    `b2: ${gone}`,
    `b3: ${gone}`,
    `b4: ${noStart('b')}`,
    'a1=1',
    'a2=3',
    'b1=1',
    'a7=7',
  ]);
  t.is(statistics.failures().CANCELED, 4);
});

test('SequenceScheduler gives up a sequence in the backlog with its client', async (t) => {
  const { enqueue, finish, ends, rows, scheduler } = setup('direct { }', { maxBatchSize: 1 });
  const client = new AbortController();
  enqueue('a1', 'S');
  enqueue('b1', 'S', { signal: client.signal });
  enqueue('b2');
  enqueue('c1', 'S');
  client.abort();
  enqueue('c2', '', { signal: client.signal });
  t.deepEqual(ends, ['b1: request was cancelled', 'b2: request was cancelled', 'c2: request was cancelled']);
  t.is(scheduler.pendingCount, 1);
  enqueue('a2', 'E');
  await finish();
  await finish();
  t.deepEqual(rows(), ['c1+0 10']);
  await finish();
  enqueue('d1', 'S');
  t.deepEqual(rows(), ['d1+0 10'], 'sequence c lacks a step, so that it ended after c1');
});

test('SequenceScheduler keeps the state of a step that failed as it was', async (t) => {
  const { enqueue, rows, finish, instances, ends } = setup('direct { }');
  enqueue('a1', 'S');
  await finish();
  enqueue('a2');
  await instances[0]?.fail(new RefusalError('internal', 'broken'));
  enqueue('a3');
  t.deepEqual(rows(), ['a3+1 00']);
  t.deepEqual(ends, ['a1=1', 'a2: broken']);
});

test('SequenceScheduler drains: every request is answered, idle sequences do not hold the backlog back', async (t) => {
  const { enqueue, finish, scheduler, ends } = setup('direct { }', { maxBatchSize: 1 });
  enqueue('a1', 'S');
  enqueue('b1', 'S');
  enqueue('b2');
  enqueue('c1', 'S');
  await finish();
  let isDrained = false;
  void scheduler.drained().then(() => {
    isDrained = true;
  });
  await finish();
  t.false(isDrained);
  await finish();
  await finish();
  await settled();
  t.true(isDrained);
  t.deepEqual(ends, ['a1=1', 'b1=1', 'b2=3', 'c1=1']);
});

test('SequenceScheduler answers everything when its instances are lost, one after the other', async (t) => {
  const { enqueue, instances, ends, deaths, rows, finish } = setup('direct { }', { instances: 2, maxBatchSize: 1 });
  const lose = async (index: number) => {
    const instance = instances[index];
    if (instance === undefined) return;
    instance.recovery = Promise.reject(new Error('no thread'));
    instance.recovery.catch(() => undefined);
    await instance.fail(new RefusalError('internal', 'stopped'));
  };
  enqueue('a1', 'S');
  enqueue('a2');
  enqueue('b1', 'S');
  enqueue('c1', 'S');
  await lose(0);
  t.deepEqual(ends.toSorted(), ['a1: stopped', 'a2: no thread']);
  t.deepEqual(deaths, []);
  enqueue('b2', 'E');
  await finish(1);
  await finish(1);
  t.deepEqual(rows(1), ['c1+0 10'], 'the other instance goes on');
  enqueue('d1', 'S');
  await lose(1);
  enqueue('e1', 'S');
  t.deepEqual(ends.slice(-3).toSorted(), ['c1: stopped', 'd1: no thread', 'e1: no thread']);
  t.deepEqual(deaths, ['no thread']);
});
