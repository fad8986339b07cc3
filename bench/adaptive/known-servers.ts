import { normalCdf } from '../../analyzer/statistics/distributions.js';
import type { Random } from '../../src/core/random.js';
import { normals } from '../../test/helpers/latency-truth.js';

/** A server that takes one request at a time, of which p99 is known. */
export interface KnownServer {
  readonly name: string;
  readonly p99Ms: number;
  /** Gives the service times of a level, in ms, one after the other. */
  readonly times: (random: Random) => () => number;
}

/** Of the standard normal distribution. */
const z99 = 2.3263478740408408;

/**
 * Log-normal service times.
 *
 * @param rate requests a second on average
 * @param sigma the standard deviation of their logarithms: 0.5 is lively, 1 a heavy tail
 */
export function logNormalServer(rate: number, sigma: number): KnownServer {
  const medianMs = 1000 / rate / Math.exp(sigma ** 2 / 2);
  return {
    name: `${rate}/s, log-normal ${sigma}`,
    p99Ms: medianMs * Math.exp(sigma * z99),
    times: (random) => {
      const normal = normals(random);
      return () => medianMs * Math.exp(sigma * normal());
    },
  };
}

/** Log-normal service times (sigma 0.2), of which a share is so many times as long: collections of garbage, other tenants. */
export function pausingServer(rate: number, share: number, factor: number): KnownServer {
  const sigma = 0.2;
  const medianMs = 1000 / rate / Math.exp(sigma ** 2 / 2) / (1 - share + share * factor);
  const above = (ms: number): number => normalCdf(-Math.log(ms / medianMs) / sigma);
  return {
    name: `${rate}/s, ${Number((100 * share).toPrecision(3))} % of the requests ${factor} times as slow`,
    p99Ms: rootOf((ms) => (1 - share) * above(ms) + share * above(ms / factor) - 0.01, medianMs, 100 * medianMs),
    times: (random) => {
      const normal = normals(random);
      return () => medianMs * Math.exp(sigma * normal()) * (random() < share ? factor : 1);
    },
  };
}

/** Where a falling function is 0, by bisection. */
function rootOf(of: (x: number) => number, from: number, to: number): number {
  let [low, high] = [from, to];
  while (high - low > 1e-9 * from) {
    const middle = (low + high) / 2;
    if (of(middle) > 0) low = middle;
    else high = middle;
  }
  return low;
}
