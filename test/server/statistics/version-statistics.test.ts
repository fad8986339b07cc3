import test from 'ava';
import { ns } from '../../../src/core/units.js';
import { newLatencySummaries } from '../../../src/server/statistics/latency-summary.js';
import { VersionStatistics } from '../../../src/server/statistics/version-statistics.js';
import { stagedClock } from '../staged-clock.js';

const model = { name: 'm', version: '1' };
const times = (start: number) => ({
  start: ns(start),
  computeStart: ns(start + 10),
  computeEnd: ns(start + 110),
  end: ns(start + 115),
});

test('VersionStatistics charges each request the time of its whole batch, and the batch once', (t) => {
  const statistics = new VersionStatistics();
  statistics.recordExecution(times(50), 3);
  statistics.recordSuccess({ enqueuedAt: ns(0), end: ns(170) }, times(50));
  statistics.recordSuccess({ enqueuedAt: ns(20), end: ns(170) }, times(50));
  const { inference_stats, batch_stats, ...counts } = statistics.snapshot(model);
  t.like(counts, {
    name: 'm',
    version: '1',
    inference_count: 3,
    execution_count: 1,
    response_stats: {},
    memory_usage: [],
  });
  t.deepEqual(inference_stats, {
    success: { count: 2, ns: 320 },
    fail: { count: 0, ns: 0 },
    queue: { count: 2, ns: 80 },
    compute_input: { count: 2, ns: 20 },
    compute_infer: { count: 2, ns: 200 },
    compute_output: { count: 2, ns: 10 },
    cache_hit: { count: 0, ns: 0 },
    cache_miss: { count: 0, ns: 0 },
  });
  t.deepEqual(batch_stats, [
    {
      batch_size: 3,
      compute_input: { count: 1, ns: 10 },
      compute_infer: { count: 1, ns: 100 },
      compute_output: { count: 1, ns: 5 },
    },
  ]);
});

test('VersionStatistics keeps batch sizes apart and in order', (t) => {
  const statistics = new VersionStatistics();
  for (const size of [8, 1, 8]) statistics.recordExecution(times(0), size);
  const { batch_stats } = statistics.snapshot(model);
  t.deepEqual(
    batch_stats.map((each) => [each.batch_size, each.compute_infer.count]),
    [
      [1, 1],
      [8, 2],
    ],
  );
});

test('VersionStatistics counts failures without executions', (t) => {
  const statistics = new VersionStatistics();
  statistics.recordFailure(70, 'BACKEND');
  const { inference_stats, execution_count, last_inference } = statistics.snapshot(model);
  t.deepEqual([inference_stats.fail, execution_count, last_inference], [{ count: 1, ns: 70 }, 0, 0]);
});

test('VersionStatistics snapshot does not change later', (t) => {
  const statistics = new VersionStatistics();
  const before = statistics.snapshot(model);
  statistics.recordFailure(1, 'OTHER');
  t.is(before.inference_stats.fail.count, 0);
});

test('VersionStatistics tells failures apart; a full queue is no accepted request', (t) => {
  const statistics = new VersionStatistics();
  for (const reason of ['CANCELED', 'BACKEND', 'BACKEND', 'REJECTED'] as const) statistics.recordFailure(1, reason);
  statistics.recordQueueFull();
  t.deepEqual(statistics.failures(), { REJECTED: 2, CANCELED: 1, BACKEND: 2, OTHER: 0 });
  t.is(statistics.snapshot(model).inference_stats.fail.count, 4);
});

test('LatencySummary counts all, and takes quantiles of the last minute', async (t) => {
  const clock = stagedClock();
  const { request } = newLatencySummaries(clock);
  const at = (seconds: number) => clock.advanceTo(seconds * 1e9);
  request.record(1_000_000);
  await at(30);
  for (let count = 0; count < 9; count++) request.record(100_000);
  t.deepEqual(request.quantiles([0.5, 1]), [100, 1003]);
  await at(61);
  request.record(50_400);
  t.deepEqual(request.quantiles([0, 1]), [50, 100]);
  await at(1000);
  t.deepEqual(request.quantiles([0.5]), [Number.NaN]);
  t.deepEqual([request.count, request.sumUs], [11, 1950]);
});
