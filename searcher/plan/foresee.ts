import { seededRandom } from '../../src/core/random.js';
import { type Candidate, candidateKey, type Metrics } from '../../src/core/trial.js';
import { fitService } from '../simulator/fit-service.js';
import { type Effects, effectsOf, type ServiceParameters, simulateCandidate } from '../simulator/service-model.js';
import { latencyAt, type Simulated } from '../simulator/simulate-batcher.js';
import { spaceOf } from '../space/space.js';

/** The means of what was measured of a configuration under a load. */
export interface Observed {
  /** As people know it, without a load; each configuration is another one. */
  readonly settings: Candidate;
  /** As the simulator knows it, with the load. */
  readonly candidate: Candidate;
  readonly metrics: Metrics;
}

/** A latency and how far it may be off, as a share. */
export interface Foreseen {
  /** Infinite when requests come faster than the simulated server answers: what it shows then says only how long it was simulated. */
  readonly ms: number;
  readonly error: number;
}

/**
 * Foresees a latency of a configuration whose requests arrive at random, so many inferences a second. `undefined`: the metric was never
 * measured, so that nobody knows how far the simulator is off.
 */
export type Foresee = (configuration: Configuration, rate: number, metric: string) => Foreseen | undefined;

/** A configuration and all that was measured of it. */
export interface Configuration {
  readonly settings: Candidate;
  readonly observed: readonly [Observed, ...Observed[]];
}

/** Executions that are simulated, for percentiles up to p99.9 to settle. */
const longLength = { warmup: 200, counted: 3000 };

/** Of the ratios of measured to simulated; fewer of a configuration say little, so that those of all count. */
const enoughRatios = 3;
const coveredShare = 0.9;
/** How far off the simulator is taken to be as long as there are fewer of all configurations: they fit whatever is fitted to them. */
const blindError = 0.5;

/** Of the requests that come in the simulated time; arrivals at random vary by less. */
const servedShare = 0.95;

const shares: Readonly<Record<string, number>> = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99, 'p99.9': 0.999 };

/** The metrics that can be foreseen: latencies, of which response times are the same when nothing delays the client. */
export const foreseenMetrics: readonly string[] = ['avg', ...Object.keys(shares)].flatMap((statistic) => [
  `perf_latency_${statistic}`,
  `perf_response_${statistic}`,
]);

/**
 * Fits the service model to all measurements. What it then simulates of a configuration is multiplied by the median ratio of what was
 * measured of it to what is simulated under the same loads; the rest of those ratios is the error. `undefined`: nothing was served.
 */
export function createForesight(observed: readonly Observed[], seed: number): Foresee | undefined {
  const effects = effectsOf(spaceOf(observed.map(({ candidate }) => candidate)).dimensions);
  const served = observed.map(({ candidate, metrics }) => ({ candidate, throughput: metrics['perf_throughput'] ?? 0 }));
  const parameters = fitService(served, effects);
  if (parameters === undefined) return undefined;
  const model: Model = { parameters, effects, seed };
  const known = new Map<string, readonly number[]>();
  const ratiosFor = (own: readonly Observed[], metric: string): readonly number[] => {
    const ofOwn = ratiosOf(own, metric, model);
    return ofOwn.length >= enoughRatios ? ofOwn : ratiosOf(observed, metric, model);
  };
  return ({ settings, observed: own }, rate, metric) => {
    const key = `${metric} ${candidateKey(settings)}`;
    const ratios = known.get(key) ?? ratiosFor(own, metric);
    known.set(key, ratios);
    if (ratios.length === 0) return undefined;
    const correction = quantile(ratios, 0.5);
    const errors = ratios.map((ratio) => Math.abs(ratio / correction - 1));
    const { concurrency: _, ...candidate } = own[0].candidate;
    const requestsPerSecond = rate / Number(candidate['batch_size'] ?? 1);
    const simulated = simulate({ ...candidate, request_rate: requestsPerSecond }, model);
    const isServed = simulated.requestsPerSecond >= servedShare * requestsPerSecond;
    return {
      ms: isServed ? correction * latencyOf(simulated, metric) : Number.POSITIVE_INFINITY,
      error: Math.max(ratios.length < enoughRatios ? blindError : 0, quantile(errors, coveredShare)),
    };
  };
}

interface Model {
  readonly parameters: ServiceParameters;
  readonly effects: Effects;
  readonly seed: number;
}

/** Measured over simulated. */
function ratiosOf(observed: readonly Observed[], metric: string, model: Model): number[] {
  return observed.flatMap(({ candidate, metrics }) => {
    const measured = metrics[metric] ?? metrics[metric.replace('perf_response', 'perf_latency')];
    const simulated = latencyOf(simulate(candidate, model), metric);
    return measured === undefined || !(simulated > 0) ? [] : [measured / simulated];
  });
}

const simulate = (candidate: Candidate, { parameters, effects, seed }: Model): Simulated =>
  simulateCandidate(parameters, candidate, effects, { length: longLength, random: seededRandom(seed) });

function latencyOf(simulated: Simulated, metric: string): number {
  const share = shares[metric.replace(/^perf_(?:latency|response)_/, '')];
  if (share !== undefined) return 1e3 * latencyAt(share, simulated);
  const latencies = simulated.latencies();
  const count = latencies.reduce((sum, [, each]) => sum + each, 0);
  const seconds = latencies.reduce((sum, [latency, each]) => sum + latency * each, 0);
  return count === 0 ? 0 : (1e3 * seconds) / count;
}

/** Nearest rank. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}
