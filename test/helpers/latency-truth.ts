import { rateInterval } from '../../analyzer/statistics/batch-means.js';
import {
  orderedArray,
  percentileInflation,
  percentileInterval,
} from '../../analyzer/statistics/percentile-interval.js';
import { type Random, seededRandom } from '../../src/core/random.js';

/** Normal numbers by Box and Muller's method. */
export function normals(random: Random): () => number {
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

const medianMs = 10;
const deviation = 0.5;

/**
 * Latencies of one request after the other, in ms: log-normal, of which the logarithms are an autoregressive series of first
 * order with the coefficient `rho` (0: independent). They have been going on for ever.
 */
export function latencySeries(count: number, rho: number, normal: () => number): Float64Array {
  const series = new Float64Array(count);
  let state = normal();
  for (let index = 0; index < count; index++) {
    series[index] = medianMs * Math.exp(deviation * state);
    state = rho * state + Math.sqrt(1 - rho * rho) * normal();
  }
  return series;
}

/** Of the standard normal distribution. */
const normalPercentiles: readonly (readonly [percentile: number, z: number])[] = [
  [0.5, 0],
  [0.95, 1.6448536269514722],
  [0.99, 2.3263478740408408],
];

/** In how many of the runs an interval held the true figure. */
export interface Coverage {
  readonly runs: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** Requests a second of a closed loop with one request in flight: 1 / the mean latency. */
  readonly throughput: number;
  /** The binomial ranks as they are, which take requests for independent. */
  readonly naive: { readonly p50: number; readonly p95: number; readonly p99: number };
}

/** How often nominal 95 % intervals hold the truth of `latencySeries`: shares of the runs. */
export function coverage(options: { runs: number; requests: number; rho: number; seed: number }): Coverage {
  const { runs, requests, rho, seed } = options;
  const normal = normals(seededRandom(seed));
  const rate = 1 / (medianMs * Math.exp(deviation ** 2 / 2));
  const held = { throughput: 0, ours: [0, 0, 0], naive: [0, 0, 0] };
  for (let run = 0; run < runs; run++) {
    const series = latencySeries(requests, rho, normal);
    if (holds(rateInterval(series, 0.95), rate)) held.throughput++;
    const sample = orderedArray(series);
    for (const [index, [percentile, z]] of normalPercentiles.entries()) {
      const truth = medianMs * Math.exp(deviation * z);
      const inflation = percentileInflation(series, sample.valueAtRank(Math.ceil(requests * percentile)));
      const ours = percentileInterval(sample, percentile, { confidence: 0.95, inflation });
      const naive = percentileInterval(sample, percentile, { confidence: 0.95 });
      held.ours[index] = (held.ours[index] ?? 0) + Number(holds(ours, truth));
      held.naive[index] = (held.naive[index] ?? 0) + Number(holds(naive, truth));
    }
  }
  const shares = ([p50 = 0, p95 = 0, p99 = 0]: readonly number[]) => ({
    p50: p50 / runs,
    p95: p95 / runs,
    p99: p99 / runs,
  });
  return { runs, throughput: held.throughput / runs, ...shares(held.ours), naive: shares(held.naive) };
}

const holds = (interval: { low: number; high: number } | undefined, truth: number): boolean =>
  interval !== undefined && interval.low <= truth && truth <= interval.high;
