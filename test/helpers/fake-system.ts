import type { Goal } from '../../searcher/goal/goal.js';
import { type Metric, metricOf } from '../../searcher/goal/metrics.js';
import { createSpace, type Space } from '../../searcher/space/space.js';
import { type Random, seededRandom } from '../../src/core/random.js';
import type { Candidate, Measure } from '../../src/core/trial.js';

/** A made-up server that is measured without a clock. */
export interface FakeSystem {
  readonly name: string;
  readonly space: Space;
  /** Inferences a second, without noise; `undefined`: it crashes. */
  readonly throughput: (candidate: Candidate) => number | undefined;
  /** Relative deviation of a measurement. */
  readonly noise: number;
  /** p99 is so many times the mean latency of a closed loop. */
  readonly tail: number;
}

export const batchedSpace = createSpace([
  { name: 'instance_count', kind: 'integer', values: [1, 2, 3, 4] },
  { name: 'max_batch_size', kind: 'log', values: [1, 2, 4, 8, 16] },
  { name: 'concurrency', kind: 'log', values: [1, 2, 4, 8, 16, 32] },
]);

const number = (candidate: Candidate, name: string): number => Number(candidate[name]);

/** Executions of b requests take 2 + b ms; up to two instances run side by side. */
const batched = (candidate: Candidate): number => {
  const concurrency = number(candidate, 'concurrency');
  const lanes = Math.min(2, number(candidate, 'instance_count'));
  const batch = Math.min(number(candidate, 'max_batch_size'), Math.max(1, concurrency / lanes));
  const busy = Math.min(lanes, concurrency);
  return (busy * batch) / (0.002 + 0.001 * batch);
};

const base = { space: batchedSpace, noise: 0, tail: 1.2 } as const;

/** What every strategy must get along with. */
export const fakeSystems: readonly FakeSystem[] = [
  { ...base, name: 'exact', throughput: batched },
  { ...base, name: 'noisy', throughput: batched, noise: 0.05 },
  {
    ...base,
    name: 'cliff',
    throughput: (candidate) => batched(candidate) * (number(candidate, 'concurrency') > 16 ? 0.3 : 1),
  },
  {
    ...base,
    name: 'crashes',
    throughput: (candidate) =>
      number(candidate, 'instance_count') * number(candidate, 'max_batch_size') > 24 ? undefined : batched(candidate),
  },
  { ...base, name: 'always crashes', throughput: () => undefined },
  { ...base, name: 'plateau', throughput: () => 100 },
  { ...base, name: 'standstill', throughput: () => 0 },
  {
    ...base,
    name: 'one point',
    space: createSpace([{ name: 'concurrency', kind: 'integer', values: [3] }]),
    throughput: () => 50,
  },
];

export const metric = (tag: string): Metric => {
  const found = metricOf(tag);
  if (found === undefined) throw new Error(`no metric ${tag}`);
  return found;
};

/** The most throughput with a p99 of at most so many milliseconds. */
export const throughputGoal = (p99Ms?: number): Goal => ({
  objectives: [{ metric: metric('perf_throughput'), weight: 1 }],
  constraints: p99Ms === undefined ? [] : [{ metric: metric('perf_latency_p99'), max: p99Ms }],
});

/** Measures a made-up system, with noise of the seed. */
export function fakeMeasure({ throughput, noise, tail }: FakeSystem, seed: number): Measure {
  const random = seededRandom(seed);
  return async (candidate) => {
    const exact = throughput(candidate);
    if (exact === undefined) return { ok: false, candidate, reason: 'it crashed', seconds: 1 };
    const measured = exact * Math.exp(noise * normal(random));
    const concurrency = Number(candidate['concurrency']);
    const p99 = tail * (measured === 0 ? 60_000 : (1e3 * concurrency) / measured);
    return { ok: true, candidate, metrics: { perf_throughput: measured, perf_latency_p99: p99 }, seconds: 1 };
  };
}

const normal = (random: Random): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
