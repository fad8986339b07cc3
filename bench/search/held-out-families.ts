import type { Random } from '../../src/core/random.js';
import { between, type Family, powers, softMin, type Truth } from './synthetic-families.js';

/**
 * Servers that nothing in the searcher was tuned on: their grids are only scored, so that they tell whether a change that helps on
 * the other families helps at all.
 */

/**
 * Requests circulate between clients and a server with batches, as the machines of a repairman: the stationary distribution of the number
 * at the server, exactly. Executions overlap by a share, and a queue delay holds back batches that are not full.
 */
const repairman = (random: Random): Truth => {
  const fixed = between(random, 0.3, 5) / 1e3;
  const each = between(random, 0.02, 1) / 1e3;
  const away = between(random, 0.2, 3) / 1e3;
  const overlap = between(random, 0.2, 0.9);
  const tail = between(random, 1.5, 3);
  return (setting) => {
    const [instances, concurrency] = [setting('instance_count'), setting('concurrency')];
    const delay = setting('max_queue_delay_microseconds') / 1e6;
    const rateOf = (present: number): number => {
      const busy = Math.min(instances, present);
      const batch = Math.min(setting('max_batch_size'), present / busy);
      const wait = batch < setting('max_batch_size') ? delay : 0;
      return (busy ** overlap * batch) / (fixed + each * batch + wait);
    };
    let [weight, total, served] = [1, 1, 0];
    for (let present = 1; present <= concurrency; present++) {
      weight *= (concurrency - present + 1) / away / rateOf(present);
      if (weight > 1e200) [weight, total, served] = [1, total / weight, served / weight];
      total += weight;
      served += weight * rateOf(present);
    }
    return { throughput: served / total, tail };
  };
};

/** Two sockets: threads of instances that do not fit one pay for the way to the other; batches are good in multiples of 8. */
const sockets = (random: Random): Truth => {
  const cores = random() < 0.5 ? 4 : 6;
  const fixed = between(random, 0.1, 2) / 1e3;
  const each = between(random, 0.05, 2) / 1e3;
  const away = between(random, 0.05, 0.5) / 1e3;
  const far = between(random, 1.1, 2);
  const serial = between(random, 0.02, 0.3);
  const padding = between(random, 1.05, 1.4);
  return (setting) => {
    const [instances, threads] = [setting('instance_count'), setting('intra_op_threads')];
    const concurrency = setting('concurrency');
    const busy = Math.min(instances, concurrency);
    const batch = Math.min(setting('max_batch_size'), Math.max(1, (0.8 * concurrency) / instances));
    const speedup = 1 / (serial + (1 - serial) / threads);
    const crossing = busy * threads > cores ? far : 1;
    const crowd = Math.max(1, (busy * threads) / (2 * cores));
    const odd = setting('max_batch_size') % 8 === 0 ? 1 : padding;
    const service = ((fixed + each * batch) / speedup) * crossing * crowd ** 1.3 * odd;
    return {
      throughput: softMin((busy * batch) / service, concurrency / (service / batch + service / 2 + away), 3),
      tail: crowd > 1 ? 2 : 1.3,
    };
  };
};

/** A batch that does not fit the cache falls off a cliff; graph levels and precisions act together; the largest do not load. */
const cache = (random: Random): Truth => {
  const fixed = between(random, 0.2, 3) / 1e3;
  const each = between(random, 0.1, 1) / 1e3;
  const away = between(random, 0.1, 0.6) / 1e3;
  const room = between(random, 24, 200);
  const drop = between(random, 1.3, 2.5);
  const gains = { fp32: 1, bf16: between(random, 0.8, 1.8), int8: between(random, 0.9, 3) };
  const sizes = { fp32: 1, bf16: 0.5, int8: 0.25 };
  const bound = random() < 0.5 ? 'int8' : 'bf16';
  return (setting, candidate) => {
    const precision = candidate['precision'] as keyof typeof gains;
    const [instances, concurrency] = [setting('instance_count'), setting('concurrency')];
    if (instances * setting('max_batch_size') * sizes[precision] > 5 * room) return undefined;
    const optimised = precision === bound ? 0.7 : 1.25;
    const gain = gains[precision] * (setting('graph_level') === 2 ? optimised : 1);
    const batch = Math.min(setting('max_batch_size'), Math.max(1, (0.7 * concurrency) / instances));
    const spilled = instances * batch * sizes[precision] > room ? drop : 1;
    const service = ((fixed + each * batch) / gain) * spilled;
    const side = Math.min(instances, 3) ** 0.6;
    return {
      throughput: softMin((side * batch) / service, concurrency / (service + away)),
      tail: 1.15 + 0.2 * instances,
    };
  };
};

/** No server at all: hills, a slanting ridge and a step, on the coordinates alone. */
const hills = (random: Random): Truth => {
  const level = between(random, 50, 5000);
  const centers = Array.from({ length: 3 }, () => Array.from({ length: 4 }, random));
  const heights = centers.map(() => 0.5 + 1.2 * random());
  const widths = centers.map(() => 0.25 + 0.35 * random());
  const slant = 2 * random() - 1;
  const step = { where: 0.3 + 0.5 * random(), size: 0.3 + 0.5 * random() };
  return (setting) => {
    const at = [
      (setting('instance_count') - 1) / 4,
      Math.log2(setting('max_batch_size')) / 5,
      Math.log2(setting('preferred_batch_size')) / 2,
      Math.log2(setting('concurrency')) / 7,
    ];
    const [x = 0, y = 0, , load = 0] = at;
    let utility = 1.5 * Math.sqrt(load) - 1.2 * (y - 0.5 - slant * (x - 0.5)) ** 2;
    for (const [index, center] of centers.entries()) {
      const squared = at.reduce((sum, value, each) => sum + (value - (center[each] ?? 0)) ** 2, 0);
      utility += (heights[index] ?? 0) * Math.exp(-squared / (2 * (widths[index] ?? 1) ** 2));
    }
    if (x + load > 2 * step.where) utility -= step.size;
    return { throughput: level * Math.exp(utility), tail: 1.2 + 0.3 * load };
  };
};

export const heldOutFamilies: readonly Family[] = [
  {
    name: 'repairman',
    values: {
      instance_count: [1, 2, 3, 4, 5],
      max_batch_size: powers(32),
      max_queue_delay_microseconds: [0, 200, 1000],
      concurrency: powers(128),
    },
    truth: repairman,
  },
  {
    name: 'sockets',
    values: {
      instance_count: [1, 2, 3, 4, 6],
      intra_op_threads: [1, 2, 3],
      max_batch_size: [1, 4, 8, 12, 16, 32],
      concurrency: powers(128),
    },
    truth: sockets,
  },
  {
    name: 'cache',
    values: {
      precision: ['fp32', 'bf16', 'int8'],
      graph_level: [1, 2],
      instance_count: [1, 2, 3, 4],
      max_batch_size: [1, 4, 16, 32, 64],
      concurrency: [1, 4, 8, 16, 32, 64],
    },
    truth: cache,
  },
  {
    name: 'hills',
    values: {
      instance_count: [1, 2, 3, 4, 5],
      max_batch_size: powers(32),
      preferred_batch_size: [1, 2, 4],
      concurrency: powers(128),
    },
    truth: hills,
  },
];
