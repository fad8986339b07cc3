import { createHash } from 'node:crypto';
import type { CacheTest } from '../../src/core/cache-test.js';
import type { InferRequest } from '../../src/protocol/infer.js';
import { byTurn, type RequestOrder } from '../load/request-order.js';
import { pairedRatio } from '../statistics/paired-ratio.js';
import { medianOf } from '../statistics/series-noise.js';

/**
 * A round is a turn of inputs that the server has never had, and then one of the last of these over and over: whatever slows the machine
 * meets both, and no input is costlier than another in the long run.
 */
const turn = 5;
/** In which connections, caches of the machine and the model itself warm up. */
const warmUpRounds = 2;
const mostRounds = 102;
const fewestRounds = 10;

/** How many requests, and how many different inputs, a test has, and how many inputs it has at the least. */
export const cacheTestRequests = 2 * turn * mostRounds;
export const cacheTestInputs = turn * mostRounds;
export const fewestCacheTestInputs = turn * (warmUpRounds + fewestRounds);

/** The numbers of requests whose inputs no earlier one has. */
export function differentRequests(requests: readonly InferRequest[]): number[] {
  const seen = new Set<string>();
  return requests.flatMap(({ inputs }, number) => {
    const hash = createHash('sha1');
    for (const { name, shape, data } of inputs) hash.update(`${name} ${shape.join()} `).update(data);
    const digest = hash.digest('base64');
    if (seen.has(digest)) return [];
    seen.add(digest);
    return [number];
  });
}

/** @param fresh numbers of different requests; behind the last one the first follows, and then nothing is new any more */
export const cacheTestOrder = (fresh: readonly number[]): RequestOrder =>
  byTurn(() => (position) => {
    const round = Math.floor(position / (2 * turn));
    const inRound = position % (2 * turn);
    return fresh[(round * turn + Math.min(inRound, turn - 1)) % fresh.length] ?? 0;
  });

/** Follows the answers of a test. */
export interface CacheWitness {
  record(request: number, latencyMs: number): void;
  result(failed: number): CacheTest;
}

/** @param fresh as `cacheTestOrder` has it */
export function createCacheWitness(fresh: readonly number[]): CacheWitness {
  const latencies = new Map(fresh.slice(0, cacheTestInputs).map((request) => [request, [] as number[]]));
  return {
    record: (request, latencyMs) => {
      const known = latencies.get(request);
      if (known !== undefined && known.length <= turn) known.push(latencyMs);
    },
    result: (failed) => {
      const byInput = [...latencies.values()];
      const rounds = Array.from({ length: Math.floor(byInput.length / turn) }, (_, round) =>
        byInput.slice(round * turn, (round + 1) * turn),
      )
        .slice(warmUpRounds)
        .filter((inputs) => (inputs.at(-1)?.length ?? 0) > turn);
      return judgeRounds(rounds, failed);
    },
  };
}

/** Repeated inputs must surely be answered so many times as fast for a cache to be found: CPU caches and buffers make some difference too. */
const leastRatio = 1.05;
/** A cache that makes less of a difference than this is none that matters. */
const smallRatio = 1.1;
const confidence = 0.99;

/** @param rounds latencies of each of the inputs of a turn: the first as a new one, and of the last input those of its repetitions */
function judgeRounds(rounds: readonly (readonly (readonly number[])[])[], failed: number): CacheTest {
  const news = rounds.map((inputs) => medianOf(inputs.map(([first = 0]) => first)));
  const repeats = rounds.map((inputs) => medianOf(inputs.at(-1)?.slice(1) ?? []));
  const counted = { rounds: rounds.length };
  if (rounds.length < fewestRounds) return { verdict: 'undecided', ...counted };
  const { value, interval } = pairedRatio(repeats, news, confidence);
  const measured = { ...counted, newMs: medianOf(news), repeatedMs: medianOf(repeats) };
  if (interval === undefined) return { verdict: 'undecided', ...measured };
  return { verdict: verdictOf(interval, failed), ...measured, ratio: { value, ...interval } };
}

function verdictOf({ low, high }: { low: number; high: number }, failed: number): CacheTest['verdict'] {
  if (failed > 0) return 'undecided';
  if (low > leastRatio) return 'found';
  return high < smallRatio ? 'not-found' : 'undecided';
}
