import type { Candidate, Trial } from '../../src/core/trial.js';
import { fitService, type Served } from '../simulator/fit-service.js';
import { type Effects, effectsOf, predictThroughput, type ServiceParameters } from '../simulator/service-model.js';
import type { ComeBack } from '../simulator/simulate-batcher.js';
import type { CreateStrategy } from '../strategy.js';
import type { ExpectThroughput, FitThroughput } from './experts.js';
import { surrogateStrategy } from './surrogate-strategy.js';

/** A fit is simulated over the whole space, so that it is made anew only when there are so many times more trials. */
const refitAfter = 1.15;

/**
 * Fits models of the service time to the measurements, simulates batcher and queue for every candidate, and lets Gaussian
 * processes learn only where the simulation is wrong. Servers differ in how full batches become below saturation, so there are two
 * simulations; beside them works an expert without any. Each counts as far as it has foreseen the measurements, since no model of a
 * server is right everywhere.
 */
export const guided: CreateStrategy = (options) => {
  const effects = effectsOf(options.space.dimensions);
  return surrogateStrategy({
    ...options,
    expectations: [simulation(effects, 'apart'), simulation(effects, 'together'), undefined],
  });
};

function simulation(effects: Effects, comeBack: ComeBack): FitThroughput {
  let start: ServiceParameters | undefined;
  let fitted: { readonly expect: ExpectThroughput; readonly seen: number } | undefined;
  return (trials: readonly Trial[]) => {
    if (fitted !== undefined && trials.length < fitted.seen * refitAfter) return fitted.expect;
    const served = trials.flatMap((trial): Served[] => {
      const throughput = trial.ok ? trial.metrics['perf_throughput'] : undefined;
      return throughput === undefined ? [] : [{ candidate: trial.candidate, throughput }];
    });
    const parameters = fitService(served, effects, { start, comeBack });
    if (parameters === undefined) return undefined;
    start = parameters;
    const known = new WeakMap<Candidate, number>();
    const expect = (candidate: Candidate): number => {
      const throughput = known.get(candidate) ?? predictThroughput(parameters, candidate, effects, comeBack);
      known.set(candidate, throughput);
      return throughput;
    };
    fitted = { expect, seen: trials.length };
    return expect;
  };
}
