import test from 'ava';
import { liveService, simpleModel, simpleRequest } from './live-service.js';

const reference = { name: 'simple', version: '' };

const withBatcher = (batcher: string) => simpleModel(`max_batch_size: 4 dynamic_batching { ${batcher} }`);

test('infer serves high priorities first and fills the batch from the next level', async (t) => {
  await using live = await liveService(withBatcher('priority_levels: 2 default_priority_level: 2'));
  const { service } = live;
  const ends: string[] = [];
  const infer = async (id: string, priority: number, rows = 1) => {
    await service.infer(simpleRequest(1, rows, { id, parameters: new Map([['priority', priority]]) }));
    ends.push(id);
  };
  await Promise.all([
    infer('runs', 0, 4),
    infer('low', 2),
    infer('default', 0),
    infer('unknown', 9),
    infer('high', 1),
    infer('higher', 1, 2),
  ]);
  t.deepEqual(ends, ['runs', 'high', 'higher', 'low', 'default', 'unknown']);
  const [statistics] = service.statistics(reference);
  t.deepEqual(
    statistics?.batch_stats.map((each) => [each.batch_size, each.compute_infer.count]),
    [
      [2, 1],
      [4, 2],
    ],
  );
});

test('infer refuses what exceeds max_queue_size and serves the rest', async (t) => {
  await using live = await liveService(withBatcher('default_queue_policy { max_queue_size: 2 }'));
  const { service } = live;
  const results = await Promise.allSettled(Array.from({ length: 5 }, () => service.infer(simpleRequest(1))));
  const refusals = results.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  t.deepEqual(
    refusals.map(({ reason, message }) => [reason, message]),
    Array(2).fill(['unavailable', 'Exceeds maximum queue size']),
  );
  const [statistics] = service.statistics(reference);
  t.deepEqual(
    statistics?.batch_stats.map((each) => [each.batch_size, each.compute_infer.count]),
    [
      [1, 1],
      [2, 1],
    ],
  );
  t.deepEqual([statistics?.inference_stats.success.count, statistics?.inference_stats.fail.count], [3, 0]);
  const counts = { REJECTED: 2, CANCELED: 0, BACKEND: 0, OTHER: 0 };
  t.deepEqual(service.failures(), [{ name: 'simple', version: '1', counts }]);
  t.like(await service.infer(simpleRequest(1)), { modelName: 'simple' });
});

test('infer refuses what waits longer than its own timeout allows', async (t) => {
  const policy = 'default_timeout_microseconds: 60000000 allow_timeout_override: true';
  // One request of 2 rows does not reach the preferred size, so that it is held until it expires.
  const delay = 'max_queue_delay_microseconds: 60000000';
  await using live = await liveService(withBatcher(`${delay} default_queue_policy { ${policy} }`));
  const parameters = new Map([['timeout', 1000]]);
  const error = await t.throwsAsync(live.service.infer(simpleRequest(1, 2, { parameters })));
  t.like(error, { reason: 'unavailable', message: 'Request timeout expired' });
  const [statistics] = live.service.statistics(reference);
  t.deepEqual([statistics?.inference_stats.fail.count, statistics?.execution_count], [1, 0]);
});
