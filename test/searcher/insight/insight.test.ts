import test from 'ava';
import type { Goal } from '../../../searcher/goal/goal.js';
import { metricOf } from '../../../searcher/goal/metrics.js';
import { paretoFront } from '../../../searcher/insight/pareto.js';
import { rejectedNear } from '../../../searcher/insight/rejected.js';
import { sensitivityOf } from '../../../searcher/insight/sensitivity.js';
import { createSpace } from '../../../searcher/space/space.js';
import { createTrialStore, ranking } from '../../../searcher/trial-store.js';
import type { Candidate, Metrics } from '../../../src/core/trial.js';

const metric = (tag: string) => {
  const known = metricOf(tag);
  if (known === undefined) throw new Error(tag);
  return known;
};

const goal: Goal = {
  objectives: [{ metric: metric('perf_throughput'), weight: 1 }],
  constraints: [{ metric: metric('perf_latency_p99'), max: 10 }],
};

const space = createSpace(
  [
    { name: 'a', kind: 'integer', values: [1, 2, 3] },
    { name: 'b', kind: 'integer', values: [1, 2] },
  ],
  [({ a, b }) => (a === 3 && b === 1 ? 'too much' : undefined)],
);

function storeOf(...measured: readonly (readonly [candidate: Candidate, metrics: Metrics | string])[]) {
  const store = createTrialStore();
  for (const [candidate, metrics] of measured) {
    store.add(
      typeof metrics === 'string'
        ? { ok: false, candidate, reason: metrics, seconds: 1 }
        : { ok: true, candidate, metrics, seconds: 1 },
    );
  }
  return store;
}

const served = (perf_throughput: number, perf_latency_p99: number, more: Metrics = {}): Metrics => ({
  perf_throughput,
  perf_latency_p99,
  ...more,
});

const store = storeOf(
  [{ a: 1, b: 1 }, served(50, 5)],
  [{ a: 2, b: 1 }, served(100, 8)],
  [{ a: 2, b: 2 }, served(200, 20)],
  [{ a: 1, b: 2 }, served(40, 6)],
  [{ a: 3, b: 2 }, 'no memory'],
);
const ranked = ranking(store, goal);

test('paretoFront has what nothing else is better than, also where a limit is broken', (t) => {
  t.deepEqual(
    paretoFront(ranked).map(({ candidate, keepsLimits }) => [candidate, keepsLimits]),
    [
      [{ a: 2, b: 2 }, false],
      [{ a: 2, b: 1 }, true],
      [{ a: 1, b: 1 }, true],
    ],
  );
});

test('paretoFront counts memory when every candidate has it', (t) => {
  const frugal = [
    [{ a: 1 }, served(50, 5, { cpu_used_ram: 9 })] as const,
    [{ a: 2 }, served(90, 4, { cpu_used_ram: 99 })] as const,
  ];
  t.is(paretoFront(ranking(storeOf(...frugal), goal)).length, 2);
  t.is(paretoFront(ranking(storeOf(...frugal, [{ a: 3 }, served(10, 9)]), goal)).length, 1);
});

test('sensitivityOf tells what each value reached at best within the limits', (t) => {
  const [a, b] = sensitivityOf(space.dimensions, ranked);
  t.deepEqual(
    a?.values.map(({ value, measurements, best }) => [
      value,
      measurements,
      best === undefined ? best : Math.round(100 * best),
    ]),
    [
      [1, 2, 50],
      [2, 2, 100],
      [3, 0, undefined],
    ],
  );
  t.deepEqual(
    b?.values.map(({ best }) => Math.round(100 * (best ?? 0))),
    [100, 40],
  );
});

test('rejectedNear gives the nearest first, each with its reason', (t) => {
  t.deepEqual(rejectedNear({ a: 2, b: 1 }, store, { space, goal }), [
    { candidate: { a: 1, b: 1 }, differences: 1, reason: '50 % behind' },
    { candidate: { a: 2, b: 2 }, differences: 1, reason: 'breaks perf_latency_p99 by 100 %' },
    { candidate: { a: 3, b: 1 }, differences: 1, reason: 'left out: too much' },
    { candidate: { a: 1, b: 2 }, differences: 2, reason: '60 % behind' },
    { candidate: { a: 3, b: 2 }, differences: 2, reason: 'failed: no memory' },
  ]);
  t.like(rejectedNear({ a: 1, b: 1 }, store, { space, goal })[0], {
    candidate: { a: 2, b: 1 },
    reason: '100 % ahead at first sight, not when measured again',
  });
});
