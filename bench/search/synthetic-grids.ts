import type { GridRow } from '../../searcher/replay/read-grid.js';
import { deriveSeed, type Random, seededRandom } from '../../src/core/random.js';
import type { Candidate } from '../../src/core/trial.js';
import { type Family, families } from './synthetic-families.js';

/** Rows a candidate, grid by grid of a family: with one row its noise is part of what is found, with several it is not. */
const rowCounts = [5, 1];

/** A grid of 400 to 720 points with 3 to 6 % of noise. */
export interface SyntheticGrid {
  readonly name: string;
  readonly rows: readonly GridRow[];
  /** p99 limits that about 5, 20 and 60 % of the points keep. */
  readonly limitsMs: readonly number[];
  /** What would be recorded without noise. */
  readonly exact: readonly GridRow[];
}

/** @param of which families, those of the bench unless given */
export function syntheticGrids(count: number, seed = 1, of: readonly Family[] = families): SyntheticGrid[] {
  return of.flatMap((family) =>
    Array.from({ length: count }, (_, index) =>
      gridOf(family, { name: `${family.name}-${index + 1}`, seed, rowCount: rowCounts[index % rowCounts.length] ?? 1 }),
    ),
  );
}

function gridOf(
  family: Family,
  { name, seed, rowCount }: { readonly name: string; readonly seed: number; readonly rowCount: number },
): SyntheticGrid {
  const random = seededRandom(deriveSeed(seed, name));
  const truth = family.truth(random);
  const noise = 0.03 + 0.03 * random();
  const truths: { readonly throughput: number; readonly p99Ms: number }[] = [];
  const exact: GridRow[] = [];
  const rows = combinations(family.values).flatMap((candidate) => {
    const result = truth((setting) => Number(candidate[setting] ?? 0), candidate);
    if (result !== undefined) {
      const { throughput, tail } = result;
      const p99Ms = (1e3 * tail * Number(candidate['concurrency'])) / throughput;
      truths.push({ throughput, p99Ms });
      exact.push({ candidate, metrics: { perf_throughput: throughput, perf_latency_p99: p99Ms } });
    }
    if (result === undefined) return [{ candidate, metrics: {} }];
    return Array.from({ length: rowCount }, () => rowOf(candidate, result, { noise, random }));
  });
  const latencies = truths.map(({ p99Ms }) => p99Ms).sort((left, right) => left - right);
  const limitsMs = [0.05, 0.2, 0.6].map((share) =>
    clearLimit(latencies[Math.floor(share * latencies.length)] ?? 0, truths),
  );
  return { name, rows, limitsMs, exact };
}

/** A limit that the best point within it keeps by 8 %: what noise alone decides says nothing of a search. */
function clearLimit(
  limitMs: number,
  truths: readonly { readonly throughput: number; readonly p99Ms: number }[],
): number {
  const within = truths.filter(({ p99Ms }) => p99Ms <= limitMs);
  const best = within.reduce((left, right) => (right.throughput > left.throughput ? right : left));
  return Math.max(limitMs, best.p99Ms / 0.92);
}

function rowOf(
  candidate: Candidate,
  { throughput, tail }: { readonly throughput: number; readonly tail: number },
  { noise, random }: { readonly noise: number; readonly random: Random },
): GridRow & { readonly metrics: Record<string, number> } {
  const noisy = (value: number, amount: number): number =>
    value * Math.exp(amount * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()));
  const measured = noisy(throughput, noise);
  const meanMs = (1e3 * Number(candidate['concurrency'])) / measured;
  return {
    candidate,
    metrics: {
      perf_throughput: measured,
      perf_latency_avg: meanMs,
      perf_latency_p99: meanMs * Math.max(1.01, noisy(tail, noise)),
    },
  };
}

const combinations = (values: Family['values']): Candidate[] =>
  Object.entries(values).reduce<Candidate[]>(
    (partial, [name, choices]) =>
      partial.flatMap((candidate) => choices.map((value) => ({ ...candidate, [name]: value }))),
    [{}],
  );
