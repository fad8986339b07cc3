import { limitInflation, sequentialTest } from '../../analyzer/statistics/certify.js';
import type { RateProbe } from '../../analyzer/statistics/rate-posterior.js';
import { type RateFound, rateSearch } from '../../analyzer/statistics/rate-search.js';
import { type Flow, isSaturated } from '../../analyzer/statistics/saturation.js';
import { type Random, seededRandom } from '../../src/core/random.js';
import { normals } from './latency-truth.js';

/**
 * P[waiting time <= t] in an M/D/1 queue (Erlang, 1909; Crommelin, 1932): (1 - rho) x the sum over k from 0 to floor(t / service) of
 * (-x)^k e^x / k!, with x = rate x (t - k x service). Terms cancel: exact to 1e-6 while t is up to 20 services.
 */
function waitingCdf(rate: number, service: number, t: number): number {
  let sum = 0;
  let factorial = 1;
  for (let k = 0; k <= Math.floor(t / service); k++) {
    if (k > 0) factorial *= k;
    const x = rate * (t - k * service);
    sum += ((-x) ** k * Math.exp(x)) / factorial;
  }
  return (1 - rate * service) * sum;
}

/** The rate at which a percentile (a share) of the response time of an M/D/1 queue is just at a limit. */
export function largestRate(service: number, limit: number, percentile: number): number {
  let low = 0;
  let high = 1 / service;
  while (high - low > 1e-9 / service) {
    const middle = (low + high) / 2;
    if (waitingCdf(middle, service, limit - service) >= percentile) low = middle;
    else high = middle;
  }
  return low;
}

export interface NoisyQueue {
  /** Seconds. */
  readonly service: number;
  readonly limit: number;
  /** A share. */
  readonly percentile: number;
  /** The standard deviation of its speed from probe to probe: a share. */
  readonly noise: number;
  readonly start: number;
  /** How long a probe lasts at the most. */
  readonly probeSeconds: number;
}

/** Windows of a probe, of which the first is left out. */
const windowSeconds = 0.5;

/** How searches of so many queues went. */
export interface QueueSearches {
  readonly runs: number;
  /** The interval held the truth. */
  readonly covered: number;
  /** The answer was within 5 % of the truth. */
  readonly within5: number;
  readonly mostProbes: number;
  readonly meanProbes: number;
  /** The largest error, and the mean width of the interval: shares. */
  readonly worstError: number;
  readonly meanWidth: number;
}

export function searchQueues(queue: NoisyQueue, { runs, seed }: { runs: number; seed: number }): QueueSearches {
  const truth = largestRate(queue.service, queue.limit, queue.percentile);
  const found = Array.from({ length: runs }, (_, run) => searchQueue(queue, seed + run));
  const errors = found.map(({ rate }) => Math.abs(rate / truth - 1));
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / runs;
  return {
    runs,
    covered: found.filter(({ low, high }) => low <= truth && truth <= high).length,
    within5: errors.filter((error) => error <= 0.05).length,
    mostProbes: Math.max(...found.map(({ probes }) => probes)),
    meanProbes: mean(found.map(({ probes }) => probes)),
    worstError: Math.max(...errors),
    meanWidth: mean(found.map(({ low, high }) => high / low - 1)),
  };
}

/** Searches the largest rate of a simulated M/D/1 queue. */
function searchQueue(queue: NoisyQueue, seed: number): RateFound & { readonly probes: number } {
  const random = seededRandom(seed);
  const normal = normals(random);
  const search = rateSearch(queue);
  let probes = 0;
  for (let rate = search.next(); rate !== undefined; rate = search.next()) {
    probes++;
    const { probe, achieved } = probeQueue(queue, rate, queue.service * (1 + queue.noise * normal()), random);
    search.tell(probe, achieved);
  }
  const found = search.estimate();
  if (found === undefined) throw new Error('a search has at least one probe');
  return { ...found, probes };
}

/** By Lindley's recursion, from an empty queue. */
function* responses(rate: number, service: number, random: Random): Generator<{ at: number; time: number }> {
  for (let [at, wait] = [0, 0]; ; wait += service) {
    const gap = -Math.log(1 - random()) / rate;
    at += gap;
    wait = Math.max(0, wait - gap);
    yield { at, time: wait + service };
  }
}

/** Looked at after each window, and over when it is certain. */
function probeQueue({ limit, percentile, probeSeconds }: NoisyQueue, rate: number, service: number, random: Random) {
  const test = sequentialTest({ percentile, confidence: 0.95 });
  const windows = Math.round(probeSeconds / windowSeconds);
  const arrived = new Array<number>(windows).fill(0);
  const answered = new Array<number>(windows).fill(0);
  const times: number[] = [];
  let over = 0;
  let window = 0;
  const usual = rate * limit;
  const inflation = (): number => limitInflation(times, limit);
  const flow = (): Flow => ({ arrived: arrived.slice(1, window), answered: answered.slice(1, window) });
  const isOver = (): boolean =>
    window === windows ||
    isSaturated(flow(), { share: 0.9, usual }) ||
    test.look(times.length, over, inflation) !== 'undecided';

  for (const { at, time } of responses(rate, service, random)) {
    for (; at >= (window + 1) * windowSeconds && !isOver(); window++);
    if (at >= (window + 1) * windowSeconds) break;
    count(arrived, at);
    count(answered, at + time);
    if (at < windowSeconds) continue;
    times.push(time);
    if (time > limit) over++;
  }
  const { answered: answers } = flow();
  const probe: RateProbe = {
    ...{ rate, requests: times.length, over, effectiveRequests: times.length / inflation() },
    isSaturated: isSaturated(flow(), { usual }),
  };
  return { probe, achieved: answers.reduce((sum, each) => sum + each, 0) / (answers.length * windowSeconds) };
}

function count(windows: number[], at: number): void {
  const window = Math.floor(at / windowSeconds);
  if (window < windows.length) windows[window] = (windows[window] ?? 0) + 1;
}
