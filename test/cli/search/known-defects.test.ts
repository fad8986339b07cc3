import test from 'ava';
import { scoreGrid, throughputWithin } from '../../../bench/search/search-grid.js';
import { formatInferenceMetrics } from '../../../reports/search-csv.js';
import { bestLoad } from '../../../searcher/finals.js';
import { metricOf, metrics } from '../../../searcher/goal/metrics.js';
import { readGrid } from '../../../searcher/replay/read-grid.js';
import { trialOfLevel } from '../../../src/cli/search/trial-of-level.js';
import type { SearchResult } from '../../../src/core/search-result.js';
import { levelFixture } from '../../helpers/run-fixture.js';

/** Defects of Model Analyzer that have no other place among our tests; "D" and a number as in the list of them. */

test('bestLoad takes the load of an ensemble from what the whole of it does, not from the first of its models (D9)', async (t) => {
  const capacity = { first: 16 * 6, second: 2 * 3 };
  const slowest = Math.min(...Object.values(capacity));
  const goal = throughputWithin({ tag: 'perf_latency_p99', max: 2 });
  const best = await bestLoad({ name: 'concurrency', values: [1, 256] }, goal, async (candidate) => {
    const concurrency = Number(candidate['concurrency']);
    const latency = Math.max(1, concurrency / slowest);
    const measured = { perf_throughput: concurrency / latency, perf_latency_p99: latency };
    return { ok: true, candidate, metrics: measured, seconds: 1 };
  });
  const load = Number(best?.['concurrency']);
  t.true(load >= slowest && load <= 2 * slowest, `${load}`);
});

test('scoreGrid scores a strategy on a recorded grid as it is read: the harness runs (D14)', async (t) => {
  const csv =
    'model,instance_count,concurrency,perf_throughput,perf_latency_p99\nm,1,1,10,5\nm,1,2,20,8\nm,2,1,11,5\nm,2,2,40,30\n';
  const rows = readGrid('grid.csv', csv);
  const task = { grid: 'grid', rows, strategy: 'brute', maxMeasurements: 4 } as const;
  const within = await scoreGrid({
    ...task,
    limit: '10',
    goal: throughputWithin({ tag: 'perf_latency_p99', max: 10 }),
  });
  t.like(within, { tenth: 1, median: 1, broken: 0, medianMeasurements: 4 });
});

test('latencies keep their unit from the measurement to the table, and throughput counts inferences (D15)', (t) => {
  const level = levelFixture({ concurrency: 1, latenciesMs: [10, 10, 10, 10] });
  const trial = trialOfLevel({ concurrency: 1 }, level, 1);
  if (!trial.ok) throw new Error(trial.reason);
  t.true(Math.abs((trial.metrics['perf_latency_p99'] ?? 0) - 10) < 0.02);
  t.is(trial.metrics['perf_throughput'], 4);
  const result = { model: 'm', batchSize: 1, trials: [trial], ranking: [0], variants: [], limits: [] };
  const [titles = '', row = ''] = formatInferenceMetrics([result as unknown as SearchResult]).split('\n');
  t.true(titles.endsWith('Throughput (infer/sec),p99 Latency (ms)'));
  t.regex(row, /,4,(?:9\.99|10)\d*(?:\.\d+)?$/);
  t.is(metricOf('perf_latency_p99')?.unit, 'ms');
  t.is(metricOf('perf_throughput')?.unit, 'infer/s');
  t.is(
    metricOf('output_token_throughput'),
    undefined,
    'tokens are not measured, so that none are taken for inferences',
  );
  t.true(metrics.every(({ tag, unit }) => unit === 'ms' || !tag.startsWith('perf_latency_')));
});
