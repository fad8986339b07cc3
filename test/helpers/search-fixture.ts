import type { SearchResult } from '../../src/core/search-result.js';
import type { Candidate, Metrics, Trial } from '../../src/core/trial.js';
import { runFixture } from './run-fixture.js';

const measured = (candidate: Candidate, throughput: number, p99: number): Trial => ({
  ok: true,
  candidate,
  metrics: { perf_throughput: throughput, perf_latency_avg: p99 / 2, perf_latency_p99: p99 },
  seconds: 2,
  windows: [0, 1, 2].map((index) => ({
    startMs: 500 * index,
    durationMs: 500,
    throughput: throughput + index - 1,
    meanMs: p99 / 2,
    p99Ms: p99,
    isCounted: index > 0,
  })),
});

const paretoPoint = (trial: Trial | undefined): SearchResult['pareto'][number] => {
  if (!trial?.ok) throw new Error('it was measured');
  return {
    candidate: trial.candidate,
    metrics: trial.metrics,
    keepsLimits: (trial.metrics['perf_latency_p99'] ?? 99) <= 10,
  };
};

const limit = { metric: 'perf_latency_p99', max: 10 } as const;

/** A search of two settings and the load: one configuration fails, one breaks the limit, one is the best. */
export function searchFixture(overrides: Partial<SearchResult> = {}): SearchResult {
  const small = { instance_count: 1, max_batch_size: 8 };
  const large = { instance_count: 2, max_batch_size: 8 };
  const trials: Trial[] = [
    measured({ concurrency: 1 }, 400, 3),
    measured({ concurrency: 8 }, 800, 12),
    measured({ ...small, concurrency: 8 }, 900, 9),
    measured({ ...small, concurrency: 16 }, 1100, 14.5),
    {
      ok: false,
      candidate: { instance_count: 4, max_batch_size: 8, concurrency: 8 },
      reason: '<b>out of memory</b>',
      seconds: 1,
    },
    measured({ ...large, concurrency: 8 }, 1250.5, 8),
    measured({ instance_count: 2, max_batch_size: 32, concurrency: 16 }, 1400, 22),
  ];
  const finalist = (
    candidate: Candidate,
    metrics: Metrics,
    chanceOfBest: number,
  ): SearchResult['finalists'][number] => ({
    candidate,
    isCurrent: false,
    metrics,
    repeats: 3,
    repeated: [metrics, metrics, metrics],
    limits: [{ ...limit, certainty: 'pass', mean: 8, interval: { low: 7.5, high: 8.5 } }],
    chanceOfBest,
  });
  return {
    format: 'perf-analyze/search',
    formatVersion: 1,
    tool: { name: 'perf-analyze', version: '0.0.0' },
    startedAt: '2026-01-02T03:04:05.000Z',
    durationMs: 20_000,
    isInterrupted: false,
    model: '<script>m</script>',
    server: { kind: 'embedded', url: '127.0.0.1:8000' },
    machine: runFixture([]).machine,
    config: {},
    batchSize: 1,
    idle: {},
    variants: [
      {},
      small,
      large,
      { instance_count: 4, max_batch_size: 8 },
      { instance_count: 2, max_batch_size: 32 },
    ].map((settings: Candidate, index) => ({
      name: `<i>m</i>_config_${index === 0 ? 'default' : index - 1}`,
      settings,
      instanceGroup: `${settings['instance_count'] ?? 1}:CPU`,
      maxBatchSize: Number(settings['max_batch_size'] ?? 8),
      difference: index === 0 ? 'config.pbtxt stays as it is.\n' : '-count: <b>\n',
    })),
    pareto: [6, 5, 0].map((index) => paretoPoint(trials[index])),
    sensitivity: [
      {
        dimension: 'instance_count',
        values: [
          { value: 1, measurements: 2, best: 0.72 },
          { value: 2, measurements: 2, best: 1 },
          { value: 4, measurements: 1 },
        ],
      },
      { dimension: 'concurrency', values: [{ value: 8, measurements: 4, best: 1 }] },
    ],
    rejected: [
      { candidate: { ...small, concurrency: 8 }, differences: 1, reason: '28 % behind' },
      {
        candidate: { instance_count: 4, max_batch_size: 8, concurrency: 8 },
        differences: 1,
        reason: 'failed: <b>out of memory</b>',
      },
    ],
    difference: '-count: 1\n+count: 2\n<i>',
    ranking: [5, 2, 0, 3, 1, 6],
    strategy: 'guided',
    seed: 0,
    objectives: [{ metric: 'perf_throughput', weight: 1 }],
    limits: [limit],
    candidates: 24,
    pruned: [{ reason: 'more threads than cores', count: 6 }],
    trials,
    finalists: [
      finalist({ ...large, concurrency: 8 }, { perf_throughput: 1240, perf_latency_p99: 8.1 }, 0.97),
      finalist({ ...small, concurrency: 8 }, { perf_throughput: 905, perf_latency_p99: 9.1 }, 0.03),
    ],
    gain: { mean: 0.5, low: 0.4, high: 0.6 },
    ...overrides,
  };
}
