import type { GridRow } from '../../searcher/replay/read-grid.js';
import { deriveSeed, type Random, seededRandom } from '../../src/core/random.js';
import type { Candidate, SettingValue } from '../../src/core/trial.js';

/** A made-up server: what a candidate truly reaches, or nothing when it crashes there. */
type Truth = (
  setting: (name: string) => number,
  candidate: Candidate,
) => { throughput: number; tail: number } | undefined;

interface Family {
  readonly name: string;
  readonly values: Readonly<Record<string, readonly SettingValue[]>>;
  /** With parameters that are drawn anew for each grid. */
  readonly truth: (random: Random) => Truth;
}

/** Smallest of what a batcher could do and what the clients ask for, with a soft corner. Closed forms, unlike the simulator's. */
const softMin = (left: number, right: number, sharpness = 4): number =>
  (left ** -sharpness + right ** -sharpness) ** (-1 / sharpness);

const between = (random: Random, low: number, high: number): number => low * (high / low) ** random();

/** Batching on a device that instances share: two overlap their copies, more only wait for one another. */
const gpu = (random: Random): Truth => {
  const fixed = between(random, 0.5, 6) / 1e3;
  const each = between(random, 0.05, 1.5) / 1e3;
  const away = between(random, 0.1, 1) / 1e3;
  const overlap = between(random, 0.05, 0.5);
  const thrash = between(random, 300, 3000);
  return (setting) => {
    const [instances, concurrency] = [setting('instance_count'), setting('concurrency')];
    const share = Math.max(1, (0.75 * concurrency) / Math.min(instances, 2));
    const delay = setting('max_queue_delay_microseconds') / 1e6;
    const batch = Math.min(setting('max_batch_size'), share * (1 + 0.2 * Math.min(1, delay / fixed)));
    const wait = batch < setting('max_batch_size') ? delay : 0;
    const speed = 1 + overlap * Math.log2(Math.min(instances, 4));
    const capacity = (speed * batch) / (fixed + each * batch + wait);
    const alone = concurrency / (fixed + each + away + delay);
    return { throughput: softMin(capacity, alone) / (1 + concurrency / thrash), tail: 1.05 + 0.15 * instances };
  };
};

/** Cores that instances and their threads fill, and fight for beyond. */
const cpu = (random: Random): Truth => {
  const cores = random() < 0.5 ? 4 : 8;
  const fixed = between(random, 0.05, 3) / 1e3;
  const each = between(random, 0.1, 4) / 1e3;
  const away = between(random, 0.05, 0.4) / 1e3;
  const scaling = between(random, 0.4, 0.95);
  const fight = between(random, 0.1, 0.8);
  return (setting) => {
    const [instances, threads] = [setting('instance_count'), setting('intra_op_threads')];
    const concurrency = setting('concurrency');
    const batch = Math.min(setting('max_batch_size'), Math.max(1, (0.6 * concurrency) / instances));
    const busy = Math.min(instances, concurrency) * threads;
    const crowded = busy > cores ? (busy / cores) * (1 + fight * (busy / cores - 1)) : 1;
    const service = ((fixed + each * batch) / threads ** scaling) * crowded;
    const alone = concurrency / (((fixed + each) / threads ** scaling) * crowded + away);
    return {
      throughput: softMin((instances * batch) / service, alone),
      tail: 1.2 + 0.5 * Math.max(0, busy / cores - 1),
    };
  };
};

/** As on a GPU, but a configuration that needs too much memory does not load, and one precision is faster. */
const cliff = (random: Random): Truth => {
  const inner = gpu(random);
  const room = between(random, 48, 300);
  const faster = between(random, 1.2, 2.5);
  return (setting, candidate) => {
    if (setting('instance_count') * (8 + setting('max_batch_size')) > room) return undefined;
    const result = inner(setting, candidate);
    if (result === undefined) return undefined;
    const drop = setting('concurrency') > 96 ? 0.6 : 1;
    return { ...result, throughput: result.throughput * drop * (candidate['precision'] === 'fp16' ? faster : 1) };
  };
};

/** The best instance count depends on the batch: a narrow ridge across the space. */
const ridge = (random: Random): Truth => {
  const inner = gpu(random);
  const slope = 0.3 + 0.4 * random();
  const sharp = 0.4 + 0.5 * random();
  return (setting, candidate) => {
    const result = inner(setting, candidate);
    if (result === undefined) return undefined;
    const off = setting('instance_count') - 1 - slope * Math.log2(setting('max_batch_size'));
    return { ...result, throughput: result.throughput * Math.exp(-0.15 * sharp * off ** 2) };
  };
};

const powers = (to: number): number[] => Array.from({ length: Math.log2(to) + 1 }, (_, power) => 2 ** power);

const families: readonly Family[] = [
  {
    name: 'gpu',
    values: {
      instance_count: [1, 2, 3, 4],
      max_batch_size: powers(32),
      max_queue_delay_microseconds: [0, 500, 2000],
      concurrency: [...powers(256), 512],
    },
    truth: gpu,
  },
  {
    name: 'cpu',
    values: {
      instance_count: [1, 2, 3, 4, 6],
      intra_op_threads: [1, 2, 4],
      max_batch_size: [1, 2, 4, 8, 16, 64],
      concurrency: powers(128),
    },
    truth: cpu,
  },
  {
    name: 'cliff',
    values: {
      precision: ['fp32', 'fp16'],
      instance_count: [1, 2, 3, 4, 5],
      max_batch_size: powers(128),
      concurrency: powers(256),
    },
    truth: cliff,
  },
  {
    name: 'ridge',
    values: { instance_count: [1, 2, 3, 4, 5, 6, 7, 8], max_batch_size: powers(512), concurrency: powers(256) },
    truth: ridge,
  },
];

/** Rows a candidate, grid by grid of a family: with one row its noise is part of what is found, with several it is not. */
const rowCounts = [5, 1];

/** A grid of 400 to 720 points with 3 to 6 % of noise. */
export interface SyntheticGrid {
  readonly name: string;
  readonly rows: readonly GridRow[];
  /** p99 limits that about 5, 20 and 60 % of the points keep. */
  readonly limitsMs: readonly number[];
  /** What would be recorded without noise. */
  readonly exact: readonly GridRow[];
}

export function syntheticGrids(count: number, seed = 1): SyntheticGrid[] {
  return families.flatMap((family) =>
    Array.from({ length: count }, (_, index) =>
      gridOf(family, { name: `${family.name}-${index + 1}`, seed, rowCount: rowCounts[index % rowCounts.length] ?? 1 }),
    ),
  );
}

function gridOf(
  family: Family,
  { name, seed, rowCount }: { readonly name: string; readonly seed: number; readonly rowCount: number },
): SyntheticGrid {
  const random = seededRandom(deriveSeed(seed, name));
  const truth = family.truth(random);
  const noise = 0.03 + 0.03 * random();
  const truths: { readonly throughput: number; readonly p99Ms: number }[] = [];
  const exact: GridRow[] = [];
  const rows = combinations(family.values).flatMap((candidate) => {
    const result = truth((setting) => Number(candidate[setting] ?? 0), candidate);
    if (result !== undefined) {
      const { throughput, tail } = result;
      const p99Ms = (1e3 * tail * Number(candidate['concurrency'])) / throughput;
      truths.push({ throughput, p99Ms });
      exact.push({ candidate, metrics: { perf_throughput: throughput, perf_latency_p99: p99Ms } });
    }
    if (result === undefined) return [{ candidate, metrics: {} }];
    return Array.from({ length: rowCount }, () => rowOf(candidate, result, { noise, random }));
  });
  const latencies = truths.map(({ p99Ms }) => p99Ms).sort((left, right) => left - right);
  const limitsMs = [0.05, 0.2, 0.6].map((share) =>
    clearLimit(latencies[Math.floor(share * latencies.length)] ?? 0, truths),
  );
  return { name, rows, limitsMs, exact };
}

/** A limit that the best point within it keeps by 8 %: what noise alone decides says nothing of a search. */
function clearLimit(
  limitMs: number,
  truths: readonly { readonly throughput: number; readonly p99Ms: number }[],
): number {
  const within = truths.filter(({ p99Ms }) => p99Ms <= limitMs);
  const best = within.reduce((left, right) => (right.throughput > left.throughput ? right : left));
  return Math.max(limitMs, best.p99Ms / 0.92);
}

function rowOf(
  candidate: Candidate,
  { throughput, tail }: { readonly throughput: number; readonly tail: number },
  { noise, random }: { readonly noise: number; readonly random: Random },
): GridRow & { readonly metrics: Record<string, number> } {
  const noisy = (value: number, amount: number): number =>
    value * Math.exp(amount * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()));
  const measured = noisy(throughput, noise);
  const meanMs = (1e3 * Number(candidate['concurrency'])) / measured;
  return {
    candidate,
    metrics: {
      perf_throughput: measured,
      perf_latency_avg: meanMs,
      perf_latency_p99: meanMs * Math.max(1.01, noisy(tail, noise)),
    },
  };
}

const combinations = (values: Family['values']): Candidate[] =>
  Object.entries(values).reduce<Candidate[]>(
    (partial, [name, choices]) =>
      partial.flatMap((candidate) => choices.map((value) => ({ ...candidate, [name]: value }))),
    [{}],
  );
