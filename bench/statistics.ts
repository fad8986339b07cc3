import { certifyRuns } from '../test/helpers/certify-runs.js';
import { coverage } from '../test/helpers/latency-truth.js';
import { type NoisyQueue, searchQueues } from '../test/helpers/queue-truth.js';

/** Single servers, as the searches for the largest rate get them. */
const queues: readonly NoisyQueue[] = [
  { service: 0.001, limit: 0.005, percentile: 0.99, noise: 0.01, start: 100, probeSeconds: 15 },
  { service: 0.001, limit: 0.01, percentile: 0.99, noise: 0.01, start: 100, probeSeconds: 15 },
  { service: 0.005, limit: 0.05, percentile: 0.95, noise: 0.02, start: 100, probeSeconds: 15 },
];

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
  for (const queue of queues) {
    const found = searchQueues(queue, { runs: 200, seed: 1 });
    console.log(
      `largest rate, M/D/1 of ${1000 * queue.service} ms whose speed varies by ${100 * queue.noise} %, p${100 * queue.percentile} <= ${1000 * queue.limit} ms, ` +
        `${found.runs} searches: interval holds the truth in ${found.covered}, within 5 % ${found.within5}, largest error ` +
        `${(100 * found.worstError).toFixed(1)} %, mean width ${(100 * found.meanWidth).toFixed(1)} %, ` +
        `${found.meanProbes.toFixed(1)} probes, at most ${found.mostProbes}`,
    );
  }
}
