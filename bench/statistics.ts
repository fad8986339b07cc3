import { certifyRuns } from '../test/helpers/certify-runs.js';
import { coverage } from '../test/helpers/latency-truth.js';

/** Simulated truth: how often the intervals hold it, and how often certification errs. Nothing waits. */
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
  for (const [over, runs] of [
    [0.01, 10_000],
    [0.005, 2000],
    [0.0025, 2000],
    [0.02, 2000],
  ] as const) {
    const claim = { percentile: 0.99, confidence: 0.99 };
    const { passes, fails, meanQueries, mostQueries } = certifyRuns({ claim, over, runs, longest: 30_000, seed: 1 });
    console.log(
      `certify p99 at 99 %, ${100 * over} % over the limit, ${runs} runs of at most 30,000 queries: ${passes} passes, ${fails} fails, ` +
        `${Math.round(meanQueries)} queries on average, ${mostQueries} at most until decided`,
    );
  }
}
