import type { Random } from '../../src/core/random.js';
import type { Candidate, SettingValue } from '../../src/core/trial.js';

/** A made-up server: what a candidate truly reaches, or nothing when it crashes there. */
export type Truth = (
  setting: (name: string) => number,
  candidate: Candidate,
) => { throughput: number; tail: number } | undefined;

export interface Family {
  readonly name: string;
  readonly values: Readonly<Record<string, readonly SettingValue[]>>;
  /** With parameters that are drawn anew for each grid. */
  readonly truth: (random: Random) => Truth;
}

/** Smallest of what a batcher could do and what the clients ask for, with a soft corner. Closed forms, unlike the simulator's. */
export const softMin = (left: number, right: number, sharpness = 4): number =>
  (left ** -sharpness + right ** -sharpness) ** (-1 / sharpness);

export const between = (random: Random, low: number, high: number): number => low * (high / low) ** random();

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

export const powers = (to: number): number[] => Array.from({ length: Math.log2(to) + 1 }, (_, power) => 2 ** power);

export const families: readonly Family[] = [
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
