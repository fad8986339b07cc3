import { limitInflation, sequentialTest } from '../../analyzer/statistics/certify.js';
import type { RateProbe } from '../../analyzer/statistics/rate-probe.js';
import { type RateFound, rateSearch } from '../../analyzer/statistics/rate-search.js';
import { type Flow, isSaturated } from '../../analyzer/statistics/saturation.js';
import { type Random, seededRandom } from '../../src/core/random.js';
import { normals } from './latency-truth.js';
import { largestRate, type QueueServer, responses, simulatedLargestRate } from './queue-truth.js';

export interface NoisyQueue extends QueueServer {
  readonly limit: number;
  /** A share. */
  readonly percentile: number;
  /** The standard deviation of its speed from probe to probe: a share. */
  readonly noise: number;
  /** One of the probes, any of 12, meets a server that is so many times as slow. */
  readonly disturbance?: number;
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
  /** Of a search. */
  readonly meanSeconds: number;
  /** The mean error, the largest one, and the mean width of the interval: shares. */
  readonly bias: number;
  readonly worstError: number;
  readonly meanWidth: number;
}

export interface SearchOptions {
  readonly runs: number;
  readonly seed: number;
  /** With which the truth is simulated where there is no formula for it. */
  readonly requests?: number;
}

export function searchQueues(queue: NoisyQueue, { runs, seed, requests = 200_000 }: SearchOptions): QueueSearches {
  const { service, limit, percentile, jitter, stalls } = queue;
  const isMD1 = jitter === undefined && stalls === undefined;
  const truth = isMD1
    ? largestRate(service, limit, percentile)
    : simulatedLargestRate(queue, limit, { percentile, requests });
  const found = Array.from({ length: runs }, (_, run) => searchQueue(queue, seed + run));
  const signed = found.map(({ rate }) => rate / truth - 1);
  const errors = signed.map(Math.abs);
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / runs;
  return {
    runs,
    covered: found.filter(({ low, high }) => low <= truth && truth <= high).length,
    within5: errors.filter((error) => error <= 0.05).length,
    mostProbes: Math.max(...found.map(({ probes }) => probes)),
    meanProbes: mean(found.map(({ probes }) => probes)),
    meanSeconds: mean(found.map(({ seconds }) => seconds)),
    bias: mean(signed),
    worstError: Math.max(...errors),
    meanWidth: mean(found.map(({ low, high }) => high / low - 1)),
  };
}

/** Searches the largest rate of a simulated M/D/1 queue. */
function searchQueue(
  queue: NoisyQueue,
  seed: number,
): RateFound & { readonly probes: number; readonly seconds: number } {
  const random = seededRandom(seed);
  const normal = normals(random);
  const search = rateSearch(queue);
  const disturbed = 1 + Math.floor(12 * random());
  let probes = 0;
  let seconds = 0;
  for (let rate = search.next(); rate !== undefined; rate = search.next()) {
    probes++;
    const slowness = (1 + queue.noise * normal()) * (probes === disturbed ? (queue.disturbance ?? 1) : 1);
    const { probe, seconds: lasted } = probeQueue({ ...queue, service: queue.service * slowness }, rate, random);
    seconds += lasted;
    search.tell(probe);
  }
  const found = search.estimate();
  if (found === undefined) throw new Error('a search has at least one probe');
  return { ...found, probes, seconds };
}

/** Looked at after each window, and over when it is certain. */
function probeQueue(queue: NoisyQueue, rate: number, random: Random) {
  const { limit, percentile, probeSeconds } = queue;
  const test = sequentialTest({ percentile, confidence: 0.95 });
  const windows = Math.round(probeSeconds / windowSeconds);
  const arrived = new Array<number>(windows).fill(0);
  const answered = new Array<number>(windows).fill(0);
  const times: number[] = [];
  let over = 0;
  let closed = 0;
  const usual = rate * limit;
  const minSeconds = Math.max(2, 40 * limit);
  const inflation = (): number => limitInflation(times, limit);
  const flow = (): Flow => ({ arrived: arrived.slice(1, closed), answered: answered.slice(1, closed) });
  const isCertain = (): boolean => {
    const result = test.look(times.length, over, inflation);
    return result === 'fail' || (result === 'pass' && closed * windowSeconds >= minSeconds);
  };
  const isOver = (): boolean =>
    closed === windows || (closed > 1 && (isSaturated(flow(), { share: 0.9, usual }) || isCertain()));

  for (const { at, time } of responses(queue, rate, random)) {
    let isDone = false;
    while (!isDone && at >= (closed + 1) * windowSeconds) {
      closed++;
      isDone = isOver();
    }
    if (isDone) break;
    count(arrived, at);
    count(answered, at + time);
    if (at < windowSeconds) continue;
    times.push(time);
    if (time > limit) over++;
  }
  const { answered: answers } = flow();
  const counted = answers.length * windowSeconds;
  const probe: RateProbe = {
    ...{ rate: times.length / counted, requests: times.length, over, effectiveRequests: times.length / inflation() },
    isSaturated: isSaturated(flow(), { usual }),
    achieved: answers.reduce((sum, each) => sum + each, 0) / counted,
  };
  return { probe, seconds: counted + windowSeconds };
}

function count(windows: number[], at: number): void {
  const window = Math.floor(at / windowSeconds);
  if (window < windows.length) windows[window] = (windows[window] ?? 0) + 1;
}
