import test from 'ava';
import type { Constraint, Goal } from '../../../searcher/goal/goal.js';
import { compareJudgements, judge } from '../../../searcher/goal/judge.js';
import { metricOf } from '../../../searcher/goal/metrics.js';
import type { Metrics } from '../../../src/core/trial.js';

const metric = (tag: string) => metricOf(tag) ?? { tag, better: 'more' as const, unit: '' };
const goal = (objectives: Readonly<Record<string, number>>, ...constraints: readonly Constraint[]): Goal => ({
  objectives: Object.entries(objectives).map(([tag, weight]) => ({ metric: metric(tag), weight })),
  constraints,
});
const p99 = (max: number): Constraint => ({ metric: metric('perf_latency_p99'), max });

test('judge keeps a limit that is met exactly, and fractions of a millisecond count (D10)', (t) => {
  const within = goal({ perf_throughput: 1 }, p99(0.5));
  t.is(judge({ perf_throughput: 1, perf_latency_p99: 0.5 }, within).kept, 'pass');
  t.is(judge({ perf_throughput: 1, perf_latency_p99: 0.51 }, within).kept, 'fail');
});

test('judge takes a metric that was not measured for unknown, never for a pass (D10)', (t) => {
  t.is(judge({ perf_throughput: 1 }, goal({ perf_throughput: 1 }, p99(5))).kept, 'unknown');
  t.is(
    judge({ perf_throughput: 1, perf_latency_p99: Number.NaN }, goal({ perf_throughput: 1 }, p99(5))).kept,
    'unknown',
  );
});

test('judge takes a limit of 0 for a limit (D10)', (t) => {
  const within = goal({ perf_throughput: 1 }, { metric: metric('error_rate'), max: 0 });
  t.is(judge({ perf_throughput: 1, error_rate: 0 }, within).kept, 'pass');
  t.is(judge({ perf_throughput: 1, error_rate: 0.2 }, within).kept, 'fail');
});

test('judge aims at GPU metrics, alone and beside throughput (D3)', (t) => {
  const small: Metrics = { perf_throughput: 90, gpu_used_memory: 1000 };
  const large: Metrics = { perf_throughput: 100, gpu_used_memory: 2000 };
  for (const objectives of [{ gpu_used_memory: 1 }, { perf_throughput: 1, gpu_used_memory: 1 }]) {
    const aim = goal(objectives);
    t.true(compareJudgements(judge(small, aim), judge(large, aim)) < 0);
  }
});

test('judge weighs objectives', (t) => {
  const fast: Metrics = { perf_throughput: 100, perf_latency_p99: 10 };
  const slow: Metrics = { perf_throughput: 130, perf_latency_p99: 14 };
  const better = (objectives: Readonly<Record<string, number>>) =>
    compareJudgements(judge(fast, goal(objectives)), judge(slow, goal(objectives))) < 0;
  t.true(better({ perf_throughput: 1, perf_latency_p99: 1 }));
  t.false(better({ perf_throughput: 2, perf_latency_p99: 1 }));
});

test('compareJudgements puts what keeps the limits first, then the smallest violation, then the objective (D4, D11)', (t) => {
  const aim = goal({ perf_throughput: 1 }, p99(10));
  const measured: readonly Metrics[] = [
    { perf_throughput: 900 },
    { perf_throughput: 500, perf_latency_p99: 30 },
    { perf_throughput: 400, perf_latency_p99: 11 },
    { perf_throughput: 100, perf_latency_p99: 10 },
    { perf_throughput: 200, perf_latency_p99: 9 },
  ];
  const ordered = measured.toSorted((left, right) => compareJudgements(judge(left, aim), judge(right, aim)));
  t.deepEqual(
    ordered.map((metrics) => metrics['perf_throughput']),
    [200, 100, 400, 500, 900],
  );
});

test('judge ranks a throughput of 0 last and does not fail on it (D12)', (t) => {
  const aim = goal({ perf_throughput: 1 });
  const [none, some] = [judge({ perf_throughput: 0 }, aim), judge({ perf_throughput: 1 }, aim)];
  t.true(Number.isFinite(none.utility));
  t.true(compareJudgements(some, none) < 0);
});
