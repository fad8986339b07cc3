import { type Candidate, candidateKey, type Trial } from '../../src/core/trial.js';
import { fitService, type Served } from '../simulator/fit-service.js';
import { effectsOf, predict, type ServiceParameters } from '../simulator/service-model.js';
import type { CreateStrategy } from '../strategy.js';
import type { ExpectThroughput } from '../surrogate/surrogate.js';
import { surrogateStrategy } from './surrogate-strategy.js';

/**
 * Fits a model of the service time to the measurements, simulates batcher and queue for every candidate, and lets Gaussian
 * processes learn only where the simulation is wrong. Beside it works a surrogate without a simulation; whichever has foreseen
 * the measurements better so far is listened to, since no model of a server is right everywhere.
 */
export const guided: CreateStrategy = (options) => {
  const effects = effectsOf(options.space.dimensions);
  let start: ServiceParameters | undefined;
  const fitThroughput = (trials: readonly Trial[]): ExpectThroughput | undefined => {
    const served = trials.flatMap((trial): Served[] => {
      const throughput = trial.ok ? trial.metrics['perf_throughput'] : undefined;
      return throughput === undefined ? [] : [{ candidate: trial.candidate, throughput }];
    });
    const parameters = fitService(served, effects, start);
    if (parameters === undefined) return undefined;
    start = parameters;
    const known = new Map<string, number>();
    return (candidate: Candidate) => {
      const key = candidateKey(candidate);
      const throughput = known.get(key) ?? predict(parameters, candidate, effects).throughput;
      known.set(key, throughput);
      return throughput;
    };
  };
  return surrogateStrategy({ ...options, expectations: [fitThroughput, undefined] });
};
