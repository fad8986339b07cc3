import { certifyRuns, certifyTrace, correlatedTrace, twoSpeedTrace } from '../test/helpers/certify-runs.js';
import { coverage } from '../test/helpers/latency-truth.js';
import { type NoisyQueue, searchQueues } from '../test/helpers/queue-searches.js';

const stalls = { perSecond: 0.5, shortest: 0.005, longest: 0.02 };
/** As `bench -- limits` finds its models, with the stalls of a machine that others use. */
const five = {
  service: 0.0053,
  limit: 0.0497,
  percentile: 0.95,
  noise: 0.005,
  start: 40,
  probeSeconds: 10,
  jitter: 0.03,
};
const ten = { ...five, service: 0.0107, limit: 0.0493, probeSeconds: 15 };

const one = { service: 0.001, percentile: 0.99, noise: 0.01, start: 100, probeSeconds: 15 };
const limits = [0.005, 0.01, 0.02];

/** Single servers, as the searches for the largest rate get them. */
const queues: readonly (readonly [name: string, queue: NoisyQueue])[] = [
  ...limits.map((limit) => ['calm', { ...one, limit }] as const),
  ...limits.map((limit) => ['with stalls', { ...one, limit, stalls }] as const),
  ['calm', { service: 0.005, limit: 0.05, percentile: 0.95, noise: 0.02, start: 100, probeSeconds: 15 }],
  ['with stalls', { ...five, stalls }],
  ['with stalls', { ...ten, stalls }],
  ['with stalls, one probe disturbed', { ...five, stalls, disturbance: 1.5 }],
  ['with stalls, one probe disturbed', { ...ten, stalls, disturbance: 1.5 }],
];

/** Of which one query in a hundred is over the limit. */
const traces = [
  ['correlated by 0.6', correlatedTrace(0.6, 0.5)],
  ['correlated by 0.95, with a heavy tail', correlatedTrace(0.95, 1.5)],
  ['three times as slow half of the time, for 100 queries', twoSpeedTrace(100)],
  ['three times as slow half of the time, for 500 queries', twoSpeedTrace(500)],
] as const;

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
  for (const [name, trace] of traces) {
    const { runs, passes, fails } = certifyTrace(trace, { runs: 10_000, seed: 1 });
    console.log(
      `certify p99 at 99 %, just at the limit, ${name}: ${passes} passes, ${fails} fails of ${runs} runs of at most 13,000 queries`,
    );
  }
  for (const [name, queue] of queues) {
    const found = searchQueues(queue, { runs: 200, seed: 1, requests: 2_000_000 });
    console.log(
      `largest rate, M/D/1 of ${1000 * queue.service} ms, ${name}, whose speed varies by ${100 * queue.noise} %, p${100 * queue.percentile} <= ${1000 * queue.limit} ms, ` +
        `${found.runs} searches: interval holds the truth in ${found.covered}, within 5 % ${found.within5}, mean error ${(100 * found.bias).toFixed(1)} %, largest ` +
        `${(100 * found.worstError).toFixed(1)} %, mean width ${(100 * found.meanWidth).toFixed(1)} %, ` +
        `${found.meanSeconds.toFixed(0)} s, ${found.meanProbes.toFixed(1)} probes, at most ${found.mostProbes}`,
    );
  }
}
