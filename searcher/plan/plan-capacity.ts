import type { ForeseenLatency, PlanAlternative } from '../../src/core/plan-result.js';
import { candidateKey } from '../../src/core/trial.js';
import type { Constraint } from '../goal/goal.js';
import { type Configuration, createForesight, type Foresee, type Observed } from './foresee.js';

export interface PlanOptions {
  /** Inferences a second, of all replicas together. */
  readonly targetRate: number;
  /** Of metrics that can be foreseen. */
  readonly constraints: readonly Constraint[];
  /** The share of the capacity that stays free, 0 to below 1. */
  readonly headroom: number;
  /** So many replicas may fail without a limit being broken. */
  readonly failures: number;
  readonly costPerReplica?: number;
  readonly seed: number;
}

/** What is left free at the least loaded replica that is tried: if even that breaks a limit, more replicas do not help. */
const leastUtilisation = 0.02;

/**
 * How many replicas each configuration needs, the fewest first. A replica never gets more than the largest throughput that was
 * measured of it less the headroom, and its latencies, as foreseen for requests that arrive at random, keep the limits with their error on top.
 */
export function planCapacity(observed: readonly Observed[], options: PlanOptions): PlanAlternative[] {
  const foresee = createForesight(observed, options.seed);
  if (foresee === undefined) return [];
  return configurationsOf(observed)
    .map((configuration) => {
      const capacity = Math.max(...configuration.observed.map(({ metrics }) => metrics['perf_throughput'] ?? 0));
      return { ...configuration, capacity, foresee };
    })
    .filter(({ capacity }) => capacity > 0)
    .map((replica) => planOne(replica, options))
    .sort(byReplicas);
}

function configurationsOf(observed: readonly Observed[]): Configuration[] {
  const byKey = new Map<string, Configuration>();
  for (const each of observed) {
    const key = candidateKey(each.settings);
    const known = byKey.get(key);
    byKey.set(key, {
      settings: each.settings,
      observed: known === undefined ? [each] : [...known.observed, each],
    });
  }
  return [...byKey.values()];
}

function byReplicas(left: PlanAlternative, right: PlanAlternative): number {
  const [mine, other] = [left.replicas ?? Number.MAX_SAFE_INTEGER, right.replicas ?? Number.MAX_SAFE_INTEGER];
  return (
    mine - other || (left.latencies?.[0]?.ms ?? 0) - (right.latencies?.[0]?.ms ?? 0) || right.capacity - left.capacity
  );
}

interface Replica extends Configuration {
  readonly capacity: number;
  readonly foresee: Foresee;
}

function planOne(replica: Replica, options: PlanOptions): PlanAlternative {
  const { settings: candidate, capacity } = replica;
  const { targetRate, headroom, failures, costPerReplica } = options;
  const least = Math.ceil(targetRate / (capacity * (1 - headroom)) - 1e-9);
  const most = Math.max(least, Math.ceil(targetRate / (capacity * leastUtilisation)));
  const working = smallest(least, most, (count) => breach(replica, targetRate / count, options) === undefined);
  if (working === undefined) {
    return { candidate, capacity, refusal: breach(replica, targetRate / most, options) ?? 'no number suffices' };
  }
  const replicas = working + failures;
  return {
    candidate,
    capacity,
    replicas,
    ...(costPerReplica === undefined ? {} : { cost: replicas * costPerReplica }),
    utilisation: targetRate / (replicas * capacity),
    utilisationAfterFailures: targetRate / (working * capacity),
    latencies: latenciesAt(replica, targetRate / working, options),
  };
}

/** The smallest count that suffices, if more never do harm. */
function smallest(least: number, most: number, suffices: (count: number) => boolean): number | undefined {
  if (suffices(least)) return least;
  if (!suffices(most)) return undefined;
  let [tooFew, enough] = [least, most];
  while (enough - tooFew > 1) {
    const middle = Math.floor((tooFew + enough) / 2);
    if (suffices(middle)) enough = middle;
    else tooFew = middle;
  }
  return enough;
}

/** The first limit that is broken at a rate of one replica, if its latency is as far above as it may be. */
function breach(replica: Replica, rate: number, options: PlanOptions): string | undefined {
  for (const { metric, max = Number.POSITIVE_INFINITY } of options.constraints) {
    const foreseen = replica.foresee(replica, rate, metric.tag);
    if (foreseen === undefined) return `${metric.tag} was not measured`;
    const worst = foreseen.ms * (1 + foreseen.error);
    if (worst === Number.POSITIVE_INFINITY) {
      return `${metric.tag} grows without end in the simulation at ${Number(rate.toPrecision(3))} infer/s a replica`;
    }
    if (worst > max) {
      return `${metric.tag} up to ${Number(worst.toPrecision(3))} ms at ${Number(rate.toPrecision(3))} infer/s a replica`;
    }
  }
  return undefined;
}

const always = ['perf_latency_avg', 'perf_latency_p99'];

function latenciesAt(replica: Replica, rate: number, options: PlanOptions): ForeseenLatency[] {
  const tags = new Set([...options.constraints.map(({ metric }) => metric.tag), ...always]);
  return [...tags].flatMap((metric) => {
    const foreseen = replica.foresee(replica, rate, metric);
    return foreseen === undefined || !Number.isFinite(foreseen.ms) ? [] : [{ metric, ...foreseen }];
  });
}
