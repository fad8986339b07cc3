import { limitInflation, sequentialTest } from '../../analyzer/statistics/certify.js';
import { normalCdf } from '../../analyzer/statistics/distributions.js';
import type { PercentileClaim } from '../../analyzer/statistics/early-stopping.js';
import { type Random, seededRandom } from '../../src/core/random.js';
import { normals } from './latency-truth.js';

export interface CertifyRuns {
  readonly runs: number;
  readonly passes: number;
  readonly fails: number;
  /** Queries of a run on average, and of the longest one that was decided. */
  readonly meanQueries: number;
  readonly mostQueries: number;
}

/** Sequential tests of independent queries, of which a share is over the limit, until they are decided or `longest`. */
export function certifyRuns(options: {
  claim: PercentileClaim;
  over: number;
  runs: number;
  longest: number;
  seed: number;
}): CertifyRuns {
  const { claim, over, runs, longest, seed } = options;
  const random = seededRandom(seed);
  const count = { pass: 0, fail: 0, undecided: 0 };
  let queries = 0;
  let mostQueries = 0;
  for (let run = 0; run < runs; run++) {
    const certification = sequentialTest(claim);
    let total = 0;
    let overs = 0;
    let result = certification.look(0, 0);
    while (result === 'undecided' && total < longest) {
      total++;
      if (random() < over) overs++;
      result = certification.look(total, overs);
    }
    count[result]++;
    queries += total;
    if (result !== 'undecided') mostQueries = Math.max(mostQueries, total);
  }
  return { runs, passes: count.pass, fails: count.fail, meanQueries: queries / runs, mostQueries };
}

/** Latencies, of which one in a hundred is above `p99`. */
export interface LatencyTrace {
  readonly p99: number;
  readonly times: (random: Random) => () => number;
}

/** Log-normal, with a correlation from one to the next. */
export const correlatedTrace = (rho: number, deviation: number): LatencyTrace => ({
  p99: Math.exp(2.3263478740408408 * deviation),
  times: (random) => {
    const normal = normals(random);
    let state = normal();
    return () => {
      const time = Math.exp(deviation * state);
      state = rho * state + Math.sqrt(1 - rho ** 2) * normal();
      return time;
    };
  },
});

const deviation = 0.3;
const slowness = 3;

/** Of a machine that is three times as slow half of the time, for so many queries on average each time. */
export const twoSpeedTrace = (stay: number): LatencyTrace => ({
  p99: twoSpeedP99(),
  times: (random) => {
    const normal = normals(random);
    let isSlow = random() < 0.5;
    return () => {
      if (random() < 1 / stay) isSlow = !isSlow;
      return Math.exp(deviation * normal()) * (isSlow ? slowness : 1);
    };
  },
});

function twoSpeedP99(): number {
  let [low, high] = [1, 100];
  const above = (time: number): number => normalCdf(-Math.log(time) / deviation);
  while (high - low > 1e-9) {
    const middle = (low + high) / 2;
    if ((above(middle) + above(middle / slowness)) / 2 > 0.01) low = middle;
    else high = middle;
  }
  return low;
}

/** Sequential tests of a p99 that is just at its limit, looked at after every 1,000 of at most 13,000 queries. */
export function certifyTrace(
  { p99, times }: LatencyTrace,
  { runs, seed }: { runs: number; seed: number },
): Pick<CertifyRuns, 'runs' | 'passes' | 'fails'> {
  const count = { pass: 0, fail: 0, undecided: 0 };
  const seen = new Float64Array(13_000);
  for (let run = 0; run < runs; run++) {
    const next = times(seededRandom(seed + run));
    const certification = sequentialTest({ percentile: 0.99, confidence: 0.99 });
    let result = certification.look(0, 0);
    let over = 0;
    for (let total = 0; result === 'undecided' && total < seen.length; ) {
      seen[total] = next();
      if ((seen[total] ?? 0) > p99) over++;
      total++;
      if (total % 1000 === 0)
        result = certification.look(total, over, () => limitInflation(seen.subarray(0, total), p99));
    }
    count[result]++;
  }
  return { runs, passes: count.pass, fails: count.fail };
}
