import { coverage } from '../test/helpers/latency-truth.js';

/** Simulated truth: how often the intervals hold it. Nothing waits. */
export async function benchStatistics(): Promise<void> {
  for (const rho of [0, 0.6]) {
    for (const requests of [2000, 10_000]) {
      const { runs, throughput, p50, p95, p99, naive } = coverage({ runs: 2000, requests, rho, seed: 1 });
      const percents = (shares: Readonly<Record<string, number>>): string =>
        Object.entries(shares)
          .map(([name, share]) => `${name} ${(100 * share).toFixed(1)} %`)
          .join(', ');
      console.log(`rho ${rho}, ${runs} runs of ${requests} requests: ${percents({ throughput, p50, p95, p99 })}`);
      console.log(`  binomial ranks alone: ${percents(naive)}`);
    }
  }
}
