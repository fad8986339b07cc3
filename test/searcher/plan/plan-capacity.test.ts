import test from 'ava';
import { metricOf } from '../../../searcher/goal/metrics.js';
import { createForesight, type Observed } from '../../../searcher/plan/foresee.js';
import { planCapacity } from '../../../searcher/plan/plan-capacity.js';
import { effectsOf, simulateCandidate } from '../../../searcher/simulator/service-model.js';
import { latencyAt } from '../../../searcher/simulator/simulate-batcher.js';
import { seededRandom } from '../../../src/core/random.js';
import type { Candidate } from '../../../src/core/trial.js';

/** A batch of b takes 4 + b ms on one instance, and half as much again when both are busy; 0.5 ms are away. */
const truth = [Math.log(0.004), Math.log(0.001), Math.log(0.0005), 0.5];
const effects = effectsOf([]);

function served(candidate: Candidate, seed = 1) {
  const simulated = simulateCandidate(truth, candidate, effects, {
    length: { warmup: 100, counted: 2000 },
    random: seededRandom(seed),
  });
  return { perf_throughput: simulated.requestsPerSecond, perf_latency_p99: 1e3 * latencyAt(0.99, simulated) };
}

function measured(settings: Candidate): Observed[] {
  return [1, 2, 4, 8, 16, 32].map((concurrency) => {
    const candidate = { ...settings, concurrency };
    return { settings, candidate, metrics: served(candidate) };
  });
}

const one = { instance_count: 1, max_batch_size: 8 };
const two = { instance_count: 2, max_batch_size: 8 };
const wish = { targetRate: 5000, constraints: [], headroom: 0.3, failures: 0, seed: 7 };
const limit = (max: number) => [
  { metric: metricOf('perf_latency_p99') ?? { tag: '', better: 'less', unit: '' }, max } as const,
];

test('planCapacity takes as many replicas as the rate needs with the headroom, and those that may fail on top', (t) => {
  const observed = measured(one);
  const capacity = Math.max(...observed.map(({ metrics }) => metrics['perf_throughput'] ?? 0));
  const [plan] = planCapacity(observed, wish);
  const needed = Math.ceil(5000 / (0.7 * capacity));
  t.is(plan?.replicas, needed);
  t.is(plan?.utilisation, 5000 / (needed * capacity));
  const [spare] = planCapacity(observed, { ...wish, failures: 2, costPerReplica: 0.5 });
  t.like(spare, {
    replicas: needed + 2,
    cost: 0.5 * (needed + 2),
    utilisationAfterFailures: 5000 / (needed * capacity),
  });
  t.true((spare?.utilisation ?? 1) < (spare?.utilisationAfterFailures ?? 0));
});

test('planCapacity keeps a latency limit that the true system keeps too, with few replicas more than it needs', (t) => {
  const [plan] = planCapacity(measured(two), { ...wish, headroom: 0, constraints: limit(20) });
  const replicas = plan?.replicas ?? 0;
  const trueP99 = (count: number): number => served({ ...two, request_rate: 5000 / count }, 99).perf_latency_p99;
  t.true(trueP99(replicas) <= 20, `${replicas} replicas: ${trueP99(replicas)} ms`);
  const least = Array.from({ length: replicas }, (_, index) => index + 1).find((count) => trueP99(count) <= 20) ?? 0;
  t.true(replicas <= 1.5 * least, `${replicas} replicas, ${least} suffice`);
  const foreseen = plan?.latencies?.find(({ metric }) => metric === 'perf_latency_p99');
  t.true(Math.abs((foreseen?.ms ?? 0) / trueP99(replicas) - 1) < 0.2, `${foreseen?.ms}`);
});

test('planCapacity lists alternatives, the fewest replicas first, and why one never suffices', (t) => {
  const plans = planCapacity([...measured(one), ...measured(two)], { ...wish, constraints: limit(1000) });
  t.deepEqual(plans[0]?.candidate, two);
  t.true((plans[0]?.replicas ?? 0) < (plans[1]?.replicas ?? 0));
  const [refused] = planCapacity(measured(one), { ...wish, constraints: limit(3) });
  t.is(refused?.replicas, undefined);
  t.regex(refused?.refusal ?? '', /^perf_latency_p99 up to .* ms at .* infer\/s a replica$/);
});

test('planCapacity takes a limit for broken whose metric was not measured', (t) => {
  const blind = measured(one).map(({ metrics, ...rest }) => ({
    ...rest,
    metrics: { perf_throughput: metrics['perf_throughput'] },
  }));
  const [plan] = planCapacity(blind, { ...wish, constraints: limit(1000) });
  t.is(plan?.refusal, 'perf_latency_p99 was not measured');
});

test('planCapacity does not take a latency for certain that was measured under fewer than three loads', (t) => {
  const [plan] = planCapacity(measured(one).slice(0, 2), wish);
  t.true((plan?.latencies ?? []).length > 0);
  t.true(plan?.latencies?.every(({ error }) => error >= 0.5));
});

test('a latency is not foreseen where requests come faster than the simulated server answers', (t) => {
  const observed = measured(one) as [Observed, ...Observed[]];
  const capacity = Math.max(...observed.map(({ metrics }) => metrics['perf_throughput'] ?? 0));
  const foresee = createForesight(observed, 7);
  const at = (rate: number) => foresee?.({ settings: one, observed }, rate, 'perf_latency_p99')?.ms;
  t.true(Number.isFinite(at(0.7 * capacity)));
  t.is(at(1.5 * capacity), Number.POSITIVE_INFINITY);
});
